"""An erasure that was killed is finished by the same command, and told as one that is under way until then."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, Scored, copy_of
from tests.flow.test_erase import (
    BY,
    asked,
    declined,
    granted,
    number_of,
    persons_of,
    places_with,
    spelled,
    store,
    units_of,
)
from village_credit.errors import RunConflict, VerificationFailed
from village_credit.ledger.erasures import journal_path
from village_credit.ledger.ledger import Ledger
from village_credit.services.casework import holds
from village_credit.services.keeping import erase as erasing
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.verify import verify_run
from village_credit.store.store import IDENTITIES, MEASURED, SPILL, Store, part_file

__all__ = ["store"]  # the fixture is that of the other file


class Killed(BaseException):
    """The process is gone."""


class Killer:
    """Ends a process before its next step of some kind in some folder; knows the steps that it has seen."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store, self.at, self.seen = store, None, []
        for name in ("replace", "rename", "unlink"):
            monkeypatch.setattr(Path, name, self.before(name, getattr(Path, name)))
        monkeypatch.setattr(os, "link", self.before("link", os.link))

    def before(self, name: str, act: Callable) -> Callable:
        def step(path: Path, *words: object, **more: object) -> object:
            place = Path(words[0]) if name != "unlink" else Path(path)
            if not place.is_relative_to(self.store.root):
                return act(path, *words, **more)
            kind = (name, place.relative_to(self.store.root).parts[0], place.name == "erasing.sealed")
            if kind == self.at:
                raise Killed
            self.seen.append(kind)
            return act(path, *words, **more)

        return step


def test_a_kill_before_each_kind_of_step_is_finished_by_the_same_command(
    store: Store, quiet: Scored, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    key = granted(store)
    holds.hold(store, key, BY, "to be erased")
    persons = persons_of(quiet.inbox, {units_of(store)[key]})
    whole = copy_of(Scored(store, quiet.inbox, COUNTY_OF_TESTS, None), tmp_path / "whole").store  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(whole, patch)
        straight = erasing.erase(whole, asked([key]))
    kinds = list(dict.fromkeys(killer.seen))
    assert len(kinds) >= 9
    acts = len(Ledger.of(store))
    with pytest.MonkeyPatch.context() as patch:
        killer = Killer(store, patch)
        for kind in kinds:
            killer.at = kind
            with pytest.raises(Killed):
                erasing.erase(store, asked([key]))
    assert len(Ledger.of(store)) == acts + 1  # the last kinds of step come after the act
    if journal_path(store, "erase").exists():
        with pytest.raises(RunConflict, match="give its command again first"):
            erasing.erase(store, asked([declined(store)]))
    done = erasing.erase(store, asked([key]))
    assert (done.files, done.runs) == (straight.files, straight.runs)
    assert len(Ledger.of(store)) == acts + 1
    assert verify_ledger(store, []).entries == acts + 1
    assert tree(store) == tree(whole)
    assert places_with(store, spelled([person["id_number"] for person in persons if person["id_number"]])) == set()


def tree(store: Store) -> set[str]:
    """Every file, but for what a killed writer of the ledger left beside its act."""
    places = (path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file())
    return {place for place in places if not place.startswith("ledger/.")}


def test_somebody_who_is_still_found_keeps_the_act_from_standing(store: Store):
    key = declined(store)
    (store.root / "approvals" / "note.txt").write_text(f"see {number_of(store, key)}", encoding="utf-16")
    acts = len(Ledger.of(store))
    with pytest.raises(VerificationFailed, match=r"still found in 1 of .* files of the store: approvals/note\.txt"):
        erasing.erase(store, asked([key]))
    assert len(Ledger.of(store)) == acts
    (store.root / "approvals" / "note.txt").unlink()
    assert erasing.erase(store, asked([key])).act == acts + 1


def test_while_it_is_under_way_it_is_named_and_goes_on_with_the_same_two_people(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    key, (run_id,) = declined(store), store.run_ids()
    with monkeypatch.context() as patch:
        patch.setattr(erasing, "search", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            erasing.erase(store, asked([key]))
    found = verify_run(store, run_id, MODELS)
    assert found.altered == []
    assert found.gone
    assert all("an erasure that was not finished: give its command again" in part for part in found.gone)
    with pytest.raises(RunConflict, match="as the second person: give the same command again"):
        erasing.erase(store, asked([key], second="7007"))
    assert erasing.erase(store, asked([key])).act == len(Ledger.of(store))


def test_damage_of_the_vault_is_told_beside_what_an_act_took_out(store: Store):
    key, (run_id,) = declined(store), store.run_ids()
    erasing.erase(store, asked([key]))
    assert [part.partition(" ")[0] for part in verify_run(store, run_id, MODELS).gone] == [
        "identities",
        "measured",
        "rows",
    ]
    path = store.root / "vault" / part_file(run_id, MEASURED)
    content = path.read_bytes()
    path.write_bytes(content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    found = verify_run(store, run_id, MODELS)
    assert found.altered == ["vault: measured"]
    assert [part.partition(" ")[0] for part in found.gone] == [IDENTITIES, "rows"]


def test_rows_that_a_query_has_spilled_do_not_stand_in_its_way(store: Store):
    spilled = store.root / "vault" / f"{SPILL}{os.getpid()}"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage-0.tmp").write_bytes(b"rows")
    assert erasing.erase(store, asked([declined(store)])).act
    assert spilled.is_dir()
