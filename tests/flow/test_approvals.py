"""An approval is signed before it stands in the ledger, and nothing is published on the ledger's word alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PREPARER, SIGNER, Scored, copy_of, new_store
from village_credit.errors import RunConflict, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.log import append, head
from village_credit.services.approval import approve as sign
from village_credit.services.approval import publish as publishing
from village_credit.services.queries.anchors import verify_ledger
from village_credit.store.store import Store


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def approvals(store: Store) -> list[Path]:
    return sorted((store.root / "approvals").iterdir())


def altered(path: Path, **changes: object) -> None:
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(said | changes), encoding="utf-8")


def test_the_approval_is_the_act_s_and_lies_alone(staged: Scored, tmp_path: Path):
    scored = copy_of(staged, tmp_path)
    signature = sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])
    act = Ledger.of(scored.store)[-1]
    assert (signature.at, signature.ledger_head) == (act.at, act.previous)
    assert [path.name for path in approvals(scored.store)] == [f"{scored.run.run_id}.json"]


def test_a_kill_before_the_act_leaves_no_signature_in_place_and_after_it_none_is_lost(
    staged: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    scored = copy_of(staged, tmp_path)
    store, run_id = scored.store, scored.run.run_id
    monkeypatch.setattr("village_credit.store.act_files.create_whole", killed)
    with pytest.raises(KeyboardInterrupt):
        sign.approve(store, run_id, SIGNER, "x", [])
    monkeypatch.undo()
    assert [path.name[0] for path in approvals(store)] == ["."]
    monkeypatch.setattr(sign, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        sign.approve(store, run_id, SIGNER, "y", [])
    monkeypatch.undo()
    with pytest.raises(RunConflict, match="signed already"):
        sign.approve(store, run_id, SIGNER, "y", [])
    before = approvals(store)
    assert verify_ledger(store, []).approvals == 1  # who only looks writes nothing
    assert approvals(store) == before
    assert publishing.publish(store, run_id, PREPARER).run_id == run_id
    kept = json.loads((store.root / "approvals" / f"{run_id}.json").read_text(encoding="utf-8"))
    assert kept["reason"] == "y"


def forged(store: Store, run_id: str) -> None:
    """Somebody without a key writes an act of signing into the ledger, its chain whole."""
    staged = Ledger.of(store)[-1]
    details = {"reason": "x", "overrides": {}, "manifest_sha256": staged.details["manifest_sha256"], "meeting": None}
    append(store.ledger_folder, "approve", SIGNER, run_id, details)


@pytest.mark.parametrize("by_whose_key", ["nobody's", "another store's", "this store's, of other words"])
def test_an_approval_that_was_only_written_into_the_ledger_publishes_nothing(
    staged: Scored, tmp_path: Path, by_whose_key: str, monkeypatch: pytest.MonkeyPatch
):
    scored = copy_of(staged, tmp_path)
    store, run_id = scored.store, scored.run.run_id
    place = store.root / "approvals" / f"{run_id}.json"
    if by_whose_key == "another store's":
        other = tmp_path / "other"
        shutil.copytree(store.root, other / "store")
        foreign = new_store(other)
        with monkeypatch.context() as patch:  # who forges looks at no signature
            patch.setattr("village_credit.publish.recording.require_signed_end", lambda *_: None)
            sign.approve(foreign, run_id, SIGNER, "x", [])
        shutil.copy(foreign.root / "approvals" / place.name, place)
    elif by_whose_key.startswith("this"):
        other = tmp_path / "other"
        shutil.copytree(store.root, other / "store")
        shutil.copy(tmp_path / "keys", other / "keys")
        sign.approve(new_store(other), run_id, SIGNER, "other words", [])
        shutil.copy(other / "store" / "approvals" / place.name, place)
    forged(store, run_id)
    before = head(store.ledger_folder)
    with pytest.raises(VerificationFailed, match=f"run {run_id}"):
        publishing.publish(store, run_id, PREPARER)
    assert head(store.ledger_folder) == before


@pytest.mark.parametrize(
    "changes", [{"by": "3003"}, {"reason": "z"}, {"overrides": {"budget": "z"}}, {"signature": "AAAA"}, {"at": "x"}]
)
def test_an_altered_approval_publishes_nothing(staged: Scored, tmp_path: Path, changes: dict[str, object]):
    scored = copy_of(staged, tmp_path)
    sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])
    (path,) = approvals(scored.store)
    altered(path, **changes)
    with pytest.raises(VerificationFailed, match="not signed with this store's key"):
        publishing.publish(scored.store, scored.run.run_id, PREPARER)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", None])
def test_a_damaged_or_missing_approval_is_a_sentence(staged: Scored, tmp_path: Path, content: bytes | None):
    scored = copy_of(staged, tmp_path)
    sign.approve(scored.store, scored.run.run_id, SIGNER, "x", [])
    (path,) = approvals(scored.store)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(VerificationFailed, match=r"missing or damaged; restore approvals/ from its backup"):
        publishing.publish(scored.store, scored.run.run_id, PREPARER)
