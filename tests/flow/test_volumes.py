"""A store whose acts of long ago are in volumes answers as before: verify, explain, proofs, evidence, searches."""

from __future__ import annotations

import re
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.conftest import MODELS, SIGNER, Scored, copy_of, new_store
from tests.flow.test_proofs import checked, granted
from tests.flow.test_rotation import opened, small_store
from village_credit.cli import main
from village_credit.errors import MissingInput
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import append
from village_credit.publish import recording
from village_credit.publish.recording import record
from village_credit.services.casework import holds
from village_credit.services.keeping.search import search
from village_credit.services.keeping.wanted import Person, Wanted
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.evidence import evidence_of_run
from village_credit.services.queries.proof import prove
from village_credit.services.queries.verify import verify_run
from village_credit.store import act_files
from village_credit.store.act_files import keep_in_volumes
from village_credit.store.opening import open_with_keys
from village_credit.store.store import Store
from village_credit.store.volumes import volume_name


@pytest.fixture
def kept(quiet: Scored, tmp_path: Path) -> tuple[Scored, Store]:
    """A county's store with a few acts after its publication; and the same with all but its last act in volumes."""
    scored = copy_of(quiet, tmp_path)
    key = granted(scored)[0]
    for _ in range(2):
        holds.hold(scored.store, key, SIGNER, "x")
        holds.release(scored.store, key, SIGNER, "y")
    shutil.copytree(scored.store.root, tmp_path / "in_volumes" / "store")
    shutil.copy(tmp_path / "keys", tmp_path / "in_volumes" / "keys")
    store = new_store(tmp_path / "in_volumes")
    assert keep_in_volumes(store.ledger_folder, 3, 1) == 6
    return scored, store


def test_every_question_has_the_answer_of_before(kept: tuple[Scored, Store], tmp_path: Path):
    scored, store = kept
    before, run_id, key = scored.store, scored.run.run_id, granted(scored)[1]
    package = next(before.root.glob("outbox/*/p*/0071"))
    assert asdict(verify_ledger(store, [package])) == asdict(verify_ledger(before, [package]))
    assert Ledger.of(store) == Ledger.of(before)
    assert asdict(verify_run(store, run_id, MODELS)) == asdict(verify_run(before, run_id, MODELS))
    proof = asdict(prove(store, key))
    assert proof == asdict(prove(before, key))
    assert checked(proof, store.keys.public_key(), tmp_path).returncode == 0


def test_what_commands_say_is_the_same(
    kept: tuple[Scored, Store], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    scored, store = kept
    said = []
    for root in (scored.store.root, store.root):
        monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(root))
        monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(root.parent / "keys"))
        for words in (["explain", granted(scored)[1]], ["status"], ["ledger", "verify"]):
            assert main(words) == 0
        said.append(capsys.readouterr().out)
    assert said[0] == said[1]


def test_evidence_names_where_an_act_lies_now(kept: tuple[Scored, Store]):
    scored, store = kept
    pages = (evidence_of_run(each, scored.run.run_id).page for each in (scored.store, store))
    before, now = (re.sub("<[^>]*>", "", page) for page in pages)  # a path may break where a mark stands within it
    assert "ledger/00000001.json" in before
    assert "ledger/00000001-00000003.acts/00000001.json" in now
    assert now.replace("00000001-00000003.acts/", "") == before


def test_acts_go_into_volumes_once_enough_stand_after_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(act_files, "VOLUME_ACTS", 3)
    monkeypatch.setattr(act_files, "LATER_ACTS", 2)
    store = new_store(tmp_path)
    for number in range(1, 6):
        assert not list(store.ledger_folder.glob("*.acts"))
        assert record(store, "hold", "1001", "", {}).number == number
    assert [path.name for path in store.ledger_folder.glob("*.acts")] == [volume_name(1, 3)]
    assert record(store, "hold", "1001", "", {}).number == 6
    assert verify_ledger(store, []).signed == 6


def test_an_act_stands_where_there_is_no_room_for_a_volume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def full(_: Path) -> int:
        raise OSError(28, "No space left on device")

    store = new_store(tmp_path)
    monkeypatch.setattr(recording, "keep_in_volumes", full)
    assert record(store, "hold", "1001", "", {}).number == 1
    assert "acts of long ago were not put into volumes: no space left on device" in caplog.text


def test_a_store_whose_keys_are_named_by_an_act_in_a_volume_opens_with_them_alone(tmp_path: Path, quiet: Scored):
    store = small_store(tmp_path)
    for number in range(3):
        append(store.ledger_folder, "hold", "1001", f"r{number}", {})
    assert keep_in_volumes(store.ledger_folder, 3, 1) == 3
    assert opened(store).keys == store.keys
    with pytest.raises(MissingInput, match="are not those of the store"):
        open_with_keys(store.root, quiet.store.root.parent / "keys")
    (store.ledger_folder / "00000004.json").unlink()
    for name in ("vault", "frozen"):
        shutil.rmtree(store.root / name)
    with pytest.raises(MissingInput, match="new keys would give every household another key"):
        open_with_keys(store.root, tmp_path / "none")


def test_after_a_rotation_in_a_volume_the_store_opens(
    kept: tuple[Scored, Store], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = kept[1]
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    assert main(["keys", "rotate", "--by", SIGNER, "--reason", "yearly"]) == 0
    rotation = len(Ledger.of(store))
    again = new_store(store.root.parent)
    for _ in range(3):
        record(again, "hold", SIGNER, "", {"county_code": "659900", "household_key": "h" * 27, "reason": "x"})
    assert keep_in_volumes(store.ledger_folder, 3, 1)
    assert not (store.ledger_folder / f"{rotation:08d}.json").exists()
    assert main(["status"]) == 0
    assert main(["ledger", "verify"]) == 0


def test_a_person_named_in_an_act_of_a_volume_is_found(tmp_path: Path):
    store = new_store(tmp_path)
    for reason in ("x", "see 653199199302178106", "y"):
        append(store.ledger_folder, "hold", "1001", "", {"reason": reason})
    assert keep_in_volumes(store.ledger_folder, 2, 1) == 2
    assert search(store, Wanted((Person("653199199302178106", ()),))).found == [f"ledger/{volume_name(1, 2)}"]
