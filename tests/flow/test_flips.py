"""One byte of whatever a store keeps, changed, is named by `verify`, `ledger verify` or `package verify`: exit 6."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import SIGNER, Scored, built_once, by_unit, copy_of, new_store
from tests.flow.test_receipts import of_branch, receipt, take, view
from village_credit.cli import main
from village_credit.publish.warehouse import is_as_built
from village_credit.services.casework import holds
from village_credit.services.queries import verify
from village_credit.services.scoring.rebuild import Rebuilt
from village_credit.store.act_files import keep_in_volumes
from village_credit.store.memos import MEMOS
from village_credit.store.store import Store

NAMED = 6  # the exit code
OF_ITS_OWN = {".warehouse.lock"}  # what it says of the analysts' file is named with that file


@pytest.fixture(scope="module")
def lived_in(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A store with a publication, a hold that waits, an answer of a branch, and acts in volumes; read only."""

    def build(folder: Path) -> Scored:
        scored = copy_of(quiet, folder)
        row = of_branch(scored.store)[0]
        take(scored.store, receipt(scored.store, folder / "r.csv", (row["household_ref"], "imported", "")))
        keys = [key for (key,) in view(scored.store, "SELECT household_key FROM limits_current WHERE limit_yuan > 0")]
        holds.hold(scored.store, by_unit(scored.store, quiet.run.run_id, keys)[-1], SIGNER, "x")
        assert keep_in_volumes(scored.store.ledger_folder, 2, 1) == 4
        return scored

    found = built_once(tmp_path_factory, "lived_in", build)
    assert isinstance(found, Scored)
    return found


def kind_of(path: Path, root: Path) -> str:
    """Say what kind of file one is: its place, without what differs from one to the next of its kind."""
    place = path.relative_to(root).as_posix()
    place = re.sub(r"[rpu][0-9a-f]{24}", "ID", place)
    return re.sub(r"[0-9a-f]{64}|\d{8}(?=\.json|\.acts|-\d)|(?<=/)00\d\d(?=/)|hold-[^/]+", "N", place)


def flipped(path: Path, at: float) -> bytes:
    """Change a bit of a byte in the file; give what was there."""
    content = path.read_bytes()
    place = min(len(content) - 1, int(len(content) * at))
    path.chmod(0o644)
    path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
    return content


def inputs_of(store: Store, run_id: str) -> str:
    """Return what names the frozen files of a run."""
    return (store.root / "runs" / run_id / "manifest.json").read_text("utf-8")


def verbs_that_look(store: Store, run_id: str, path: Path) -> list[list[str]]:
    """Which verbs must name a file, each by itself."""
    room = path.relative_to(store.root).parts[0]
    run, acts = ["verify", run_id], ["ledger", "verify"]
    if path.name == "manifest.json" and room == "runs":
        return [run, acts]
    if room in ("runs", "vault") or (room == "frozen" and path.name in inputs_of(store, run_id)):
        return [run]
    return [acts, ["package", "verify", str(path.parent)]] if room == "outbox" else [acts]


def ends(verbs: list[list[str]], capsys: pytest.CaptureFixture[str]) -> list[int]:
    """Give commands; how each ends, never with a traceback."""
    codes = []
    for words in verbs:
        codes.append(main(words))
        assert "Traceback" not in capsys.readouterr().err
    return codes


@pytest.mark.parametrize("at", [0.3, 0.999], ids=["within", "at its end"])
def test_each_kind_of_file_is_named(
    at: float, lived_in: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    shutil.copytree(lived_in.store.root, tmp_path / "store")
    shutil.copy(lived_in.store.root.parent / "keys", tmp_path / "keys")
    store = new_store(tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    computed = verify.rebuild

    def from_frozen_alone(*words: object) -> Rebuilt:  # to compute a run again takes seconds, and tells of no file more
        return computed(*words) if is_frozen else Rebuilt(None, None, [])  # type: ignore[arg-type]

    monkeypatch.setattr(verify, "rebuild", from_frozen_alone)
    kinds: dict[str, Path] = {}
    for path in sorted(store.root.rglob("*")):
        if path.parent.name == MEMOS:
            continue  # nothing rests on a memo: one that does not open is made anew
        if path.is_file() and path.stat().st_size and path.name not in OF_ITS_OWN:  # a mark has no byte to change
            of_run = " of the run" if path.name in inputs_of(store, lived_in.run.run_id) else ""
            kinds.setdefault(kind_of(path, store.root) + of_run, path)
    silent, is_frozen = [], False
    assert ends([["verify", lived_in.run.run_id], ["ledger", "verify"]], capsys) == [0, 0]
    for kind, path in kinds.items():
        is_frozen = kind.startswith("frozen/")
        verbs = verbs_that_look(store, lived_in.run.run_id, path)
        mode, before = path.stat().st_mode, flipped(path, at)
        codes = ends(verbs, capsys)
        if path == store.warehouse:  # built anew before anybody reads it
            assert codes == [0]
            assert is_as_built(store)
            continue
        silent += [(kind, words[0], code) for words, code in zip(verbs, codes, strict=True) if code != NAMED]
        path.write_bytes(before)
        path.chmod(mode)
    assert silent == []
    assert len(kinds) >= 42
    assert {"frozen/N", "frozen/N of the run", "ledger/N.json", "ledger/N-N.acts"} < set(kinds)
