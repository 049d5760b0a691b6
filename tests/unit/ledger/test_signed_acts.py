"""Acts are signed: one that somebody without the key put in, altered or stripped is found."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import new_store
from village_credit.errors import VerificationFailed
from village_credit.ledger import log
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import GENESIS, PACKAGES, SIGNATURE, Entry, act_hash, append, read_ledger
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.pseudonyms import Keys
from village_credit.publish.recording import record
from village_credit.signatures import KnownKey
from village_credit.store.store import sha256_of

KEYS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"s" * 32)
OTHERS = Keys(b"p" * 32, b"v" * 32, b"f" * 32, b"t" * 32)
KNOWN = KEYS.known_keys()


def act(folder: Path, keys: Keys | None = KEYS, **details: Any) -> Entry:
    sign = None if keys is None else partial(keys.sign_bytes, "act")
    return append(folder, "hold", "1001", "", details, first={"format": 2}, sign=sign)


def test_every_act_of_a_ledger_of_today_is_signed(tmp_path: Path):
    acts = [act(tmp_path, reason="x"), act(tmp_path, **{PACKAGES: {"0071": "ab"}})]
    assert count_signed_acts(acts, KNOWN) == 2
    assert count_signed_acts([], KNOWN) == 0


@pytest.mark.parametrize("keys", [None, OTHERS])
def test_an_act_without_the_store_s_signature_is_none(tmp_path: Path, keys: Keys | None):
    acts = [act(tmp_path), act(tmp_path, keys)]
    with pytest.raises(VerificationFailed, match=r"act 2 \(hold\) is not signed"):
        count_signed_acts(acts, KNOWN)


@pytest.mark.parametrize("keys", [None, OTHERS])
def test_nothing_is_written_after_an_act_that_is_not_the_store_s(tmp_path: Path, keys: Keys | None):
    store = new_store(tmp_path)
    record(store, "hold", "1001", "", {})
    act(store.ledger_folder, keys)
    with pytest.raises(VerificationFailed, match=r"act 2 \(hold\) is not signed"):
        record(store, "release", "1001", "", {})
    assert len(Ledger.of(store)) == 2


def test_an_altered_act_of_long_ago_is_found_by_the_last_one_s_signature(tmp_path: Path):
    for number in range(5):
        act(tmp_path, reason=str(number))
    rechained, previous = [], GENESIS
    for entry in read_ledger(tmp_path):
        said = {**entry.details, "reason": "another"} if entry.number == 2 else entry.details
        rechained.append(replace(entry, previous=previous, details=said))
        path = tmp_path / f"{entry.number:08d}.json"
        path.unlink()
        log._create(tmp_path, rechained[-1])  # as an act writes it
        previous = sha256_of(path.read_bytes())
    assert read_ledger(tmp_path) == rechained
    with pytest.raises(VerificationFailed, match=r"act 5 \(hold\) is not signed"):
        count_signed_acts(rechained, KNOWN)


@pytest.mark.parametrize("changes", [{"by": "3003"}, {"number": 2}, {"act": "release"}, {"previous": "1" * 64}])
def test_whatever_is_altered_in_an_act_is_found(tmp_path: Path, changes: dict[str, Any]):
    with pytest.raises(VerificationFailed, match="is not signed"):
        count_signed_acts([replace(act(tmp_path), **changes)], KNOWN)


def test_the_packages_of_an_act_are_signed_with_it(tmp_path: Path):
    told = act(tmp_path, **{PACKAGES: {"0071": "ab"}})
    other = replace(told, details={**told.details, PACKAGES: {"0071": "cd"}})
    assert act_hash(told) == act_hash(other)
    with pytest.raises(VerificationFailed, match="is not signed"):
        count_signed_acts([other], KNOWN)


def test_a_ledger_of_earlier_code_is_signed_from_its_first_signed_act_on(tmp_path: Path):
    before = [append(tmp_path, "hold", "1001", "", {}, first={"format": 1}) for _ in range(2)]
    assert count_signed_acts(before, KNOWN) == 0
    acts = [*before, act(tmp_path)]
    assert (count_signed_acts(acts, KNOWN), SIGNATURE in acts[0].details) == (1, False)
    with pytest.raises(VerificationFailed, match="act 4"):
        count_signed_acts([*acts, act(tmp_path, None)], KNOWN)


def test_a_former_key_signs_no_act_after_its_last(tmp_path: Path):
    former = KnownKey(OTHERS.public_key(), 1)
    acts = [act(tmp_path, OTHERS), act(tmp_path)]
    assert count_signed_acts(acts, [*KNOWN, former]) == 2
    with pytest.raises(VerificationFailed, match="act 3"):
        count_signed_acts([*acts, act(tmp_path, OTHERS)], [*KNOWN, former])
