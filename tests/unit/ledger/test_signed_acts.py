"""Acts are signed: one that somebody without the key put in, altered or stripped is found."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from village_credit.errors import VerificationFailed
from village_credit.ledger.log import PACKAGES, SIGNATURE, Entry, act_hash, append
from village_credit.ledger.signed_acts import count_signed_acts
from village_credit.pseudonyms import Keys
from village_credit.signatures import KnownKey

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
