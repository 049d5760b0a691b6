"""Packed, then in the ledger, then handed out: once, whatever fails between, and nothing else is held up by it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, PREPARER, SIGNER, Scored, by_unit, copy_of, put_in_force, score_into
from tests.flow.test_holds import rows_of, view
from village_credit.cli import main
from village_credit.errors import MissingInput, RunConflict, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.publish import handing_out
from village_credit.publish.branch_package import packages_in
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish as publishing
from village_credit.services.casework import holds
from village_credit.services.scoring.reseal import reseal
from village_credit.store import strays
from village_credit.store.store import Store

LATER = date(2026, 12, 1)


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def handed_out(store: Store) -> dict[str, dict[str, str]]:
    """The packages of each publication, by their manifests' hashes."""
    return {place.name: packages_in(place) for place in (store.root / "outbox" / COUNTY_OF_TESTS).iterdir()}


def waiting(store: Store) -> list[str]:
    return [path.name for path in (store.root / "packing").glob("*/*")]


def someone_granted(store: Store, run_id: str, place: int = 0) -> str:
    rows = view(store, "SELECT household_key FROM limits_current WHERE decision = 'granted'")
    return by_unit(store, run_id, [key for (key,) in rows])[place]


def damage(store: Store, run_id: str) -> bytes:
    """One bit of a run's identities is another; what they were."""
    path = store.root / "vault" / f"{run_id}.sealed"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    return whole


def test_the_entry_states_what_was_packed(quiet: Scored):
    (entry,) = (e for e in Ledger.of(quiet.store) if e.act == "publish")
    assert handed_out(quiet.store) == {entry.details["publication_id"]: entry.details["packages"]}
    assert set(entry.details["packages"]) == {"0071", "0072", "county_government"}
    assert waiting(quiet.store) == []


def test_a_crash_before_the_entry_leaves_nothing_in_force_and_after_it_the_same_bytes(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scored = copy_of(quiet, tmp_path)
    store, key = scored.store, someone_granted(quiet.store, quiet.run.run_id)
    acts = len(Ledger.of(store))
    monkeypatch.setattr("village_credit.store.act_files.create_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        holds.hold(store, key, SIGNER, "x")
    monkeypatch.undo()
    assert len(Ledger.of(store)) == acts
    assert waiting(store) == []
    monkeypatch.setattr(handing_out, "move_to_place", killed)
    with pytest.raises(KeyboardInterrupt):
        holds.hold(store, key, SIGNER, "x")
    monkeypatch.undo()
    (folder,) = waiting(store)
    said = Ledger.of(store)[-1].details["packages"]
    assert said == packages_in(store.root / "packing" / COUNTY_OF_TESTS / folder)
    handing_out.complete_outbox(store)
    assert handed_out(store)[f"hold-{acts + 1:08d}"] == said
    assert waiting(store) == []


def test_what_cannot_be_packed_is_not_in_force_and_is_mended_from_frozen_bytes(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    scored = copy_of(quiet, tmp_path)
    store = scored.store
    run_id = score_into(store, scored.inbox, COUNTY_OF_TESTS, LATER).run.run_id
    sign.approve(store, run_id, SIGNER, "x", [])
    acts, whole = list(Ledger.of(store)), damage(store, run_id)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    assert main(["publish", run_id]) == 6
    assert f"`village-credit reseal {run_id}` makes it anew" in capsys.readouterr().err
    assert list(Ledger.of(store)) == acts
    holds.hold(store, someone_granted(quiet.store, quiet.run.run_id), SIGNER, "x")  # nobody else is held up
    assert main(["reseal", run_id, "--by", "3003", "--reason", "a damaged disk"]) == 0
    assert store.open_identities(run_id)
    assert (store.root / "vault" / f"{run_id}.sealed").read_bytes() != whole  # sealed anew, not put back
    assert Ledger.of(store)[-1].act == "reseal"
    assert main(["publish", run_id]) == 0
    assert Ledger.of(store).status(run_id) == "published"


def test_a_damaged_vault_stops_the_next_scoring_and_reseal_lets_it_go_on(quiet: Scored, tmp_path: Path):
    """Who of before stands where is read from it: a run that could not ask would give lines to others."""
    scored = copy_of(quiet, tmp_path)
    damage(scored.store, quiet.run.run_id)
    with pytest.raises(VerificationFailed, match="reseal"):
        score_into(scored.store, scored.inbox, COUNTY_OF_TESTS, LATER)
    reseal(scored.store, quiet.run.run_id, MODELS, "3003", "x")
    assert score_into(scored.store, scored.inbox, COUNTY_OF_TESTS, LATER).run.status == "staged"


def test_the_vault_is_not_made_anew_of_other_files(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    for frozen in (store.root / "frozen").iterdir():
        frozen.unlink()
    before = (store.root / "vault" / f"{quiet.run.run_id}.sealed").read_bytes()
    with pytest.raises(MissingInput, match="cannot be made anew"):
        reseal(store, quiet.run.run_id, MODELS, "3003", "x")
    assert (store.root / "vault" / f"{quiet.run.run_id}.sealed").read_bytes() == before


def test_a_cleaned_outbox_is_not_filled_again(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    shutil.rmtree(store.root / "outbox" / COUNTY_OF_TESTS)
    holds.hold(store, someone_granted(quiet.store, quiet.run.run_id), SIGNER, "x")
    (only,) = handed_out(store)
    assert only.startswith("hold-")


def test_after_a_restored_ledger_nobody_is_given_another_household_s_package(quiet: Scored, tmp_path: Path):
    store = copy_of(quiet, tmp_path).store
    first, second = (someone_granted(quiet.store, quiet.run.run_id, place) for place in (0, 1))
    lost = holds.hold(store, first, SIGNER, "x")
    (store.root / "ledger" / f"{len(Ledger.of(store)):08d}.json").unlink()  # the backup was older than the hold
    acts = len(Ledger.of(store))
    with pytest.raises(VerificationFailed, match="restore the newer ledger"):
        holds.hold(store, second, SIGNER, "x")
    assert len(Ledger.of(store)) == acts
    (row,) = rows_of(lost.packages)
    assert row["action"] == "freeze"


def test_a_stray_of_a_killed_writer_does_not_stay(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = copy_of(quiet, tmp_path).store
    stray = store.root / "packing" / COUNTY_OF_TESTS / ".p20261201-0123456789ab.cafecafe"
    (stray / "6599001").mkdir(parents=True)
    handing_out.complete_outbox(store)
    assert stray.exists()  # somebody may be packing just now
    monkeypatch.setattr(strays, "STRAY_SECONDS", -1)
    handing_out.complete_outbox(store)
    assert not stray.exists()


def test_a_household_is_in_force_in_one_county_only(quiet: Scored, tmp_path: Path):
    scored = copy_of(quiet, tmp_path)
    other = tmp_path / "inbox" / "653199"
    shutil.copytree(quiet.inbox / COUNTY_OF_TESTS, other)
    run_id = score_into(scored.store, tmp_path / "inbox", "653199", LATER).run.run_id
    with pytest.raises(RunConflict, match=f"in county {COUNTY_OF_TESTS}"):
        put_in_force(scored.store, run_id)
    assert Ledger.of(scored.store).status(run_id) == "approved"
    assert publishing.publish(scored.store, quiet.run.run_id, PREPARER).noop


def test_a_hold_counts_for_the_household_whatever_county_names_it(quiet: Scored, tmp_path: Path):
    scored = copy_of(quiet, tmp_path)
    key = someone_granted(quiet.store, quiet.run.run_id)
    holds.hold(scored.store, key, SIGNER, "x")
    shutil.copytree(quiet.inbox / COUNTY_OF_TESTS, tmp_path / "inbox" / "653199")
    run_id = score_into(scored.store, tmp_path / "inbox", "653199", LATER).run.run_id
    path = scored.store.run_folder(run_id) / "decisions.parquet"
    (row,) = (row for row in pq.read_table(path).to_pylist() if row["household_key"] == key)
    assert (row["limit_yuan"], "HELD" in row["reason_codes"]) == (0, True)
