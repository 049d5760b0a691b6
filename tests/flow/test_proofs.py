"""A household's proof is checked offline by the auditors' script, and no other proof passes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import COUNTY_OF_TESTS, SIGNER, Scored, by_unit, copy_of
from tests.flow.test_anchors import acts, rewritten
from tests.flow.test_holds import view
from village_credit import cli, merkle
from village_credit.errors import VerificationFailed
from village_credit.ledger import decision_tree
from village_credit.ledger.checkpoints import leaves_of, read_checkpoint, write_checkpoint
from village_credit.ledger.decision_tree import decisions_root, proven_line
from village_credit.ledger.ledger import Ledger
from village_credit.merkle import is_prefix, leaf_hash, prefix_proof
from village_credit.services.casework import holds
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.proof import prove
from village_credit.store.store import Store

SCRIPT = Path(__file__).parents[2] / "docs" / "auditors" / "check_proof.py"


def granted(scored: Scored) -> list[str]:
    keys = [key for (key,) in view(scored.store, "SELECT household_key FROM limits_current WHERE decision = 'granted'")]
    return by_unit(scored.store, scored.run.run_id, keys)


def checked(proof: dict[str, Any], key: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script as its reader would, without anything of ours."""
    file = folder / "proof.json"
    file.write_text(json.dumps(proof, ensure_ascii=False), "utf-8")
    words = [sys.executable, "-I", "-S", str(SCRIPT), str(file), key.hex()]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=folder)


@pytest.fixture(scope="module")
def proof(quiet: Scored) -> dict[str, Any]:
    return asdict(prove(quiet.store, granted(quiet)[0]))


def test_a_published_decision_is_proven_offline(quiet: Scored, proof: dict[str, Any], tmp_path: Path):
    done = checked(proof, quiet.store.keys.public_key(), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    key = granted(quiet)[0]
    ((limit,),) = view(quiet.store, f"SELECT limit_yuan FROM limits_current WHERE household_key = '{key}'")
    assert f"household_key={key}\n" in done.stdout
    assert f"\nlimit_yuan={limit}\n" in done.stdout
    assert "published by act 3 of 3: p20261101-" in done.stdout
    assert len(json.dumps(proof)) < 3_000


@pytest.mark.parametrize(
    "alter",
    [
        {"line": lambda text: text.replace("limit_yuan=", "limit_yuan=9")},
        {"line_place": lambda place: place + 1},
        {"line_path": lambda path: path[:-1]},
        {"line_path": lambda path: path[::-1]},
        {"act": lambda text: text.replace('"by":"', '"by":"x')},
        {"act_place": lambda place: place - 1},
        {"act_path": lambda path: [*path, *path]},
        {"act_path": lambda _: []},
        {"checkpoint": lambda text: text.replace("\n3\n", "\n4\n")},
        {"checkpoint": lambda text: text[:-8] + "AAAAAA=\n"},
    ],
)
def test_a_proof_that_was_altered_proves_nothing(quiet: Scored, proof: dict[str, Any], tmp_path: Path, alter):
    ((name, change),) = alter.items()
    altered = proof | {name: change(proof[name])}
    assert altered[name] != proof[name]
    done = checked(altered, quiet.store.keys.public_key(), tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("not proven: ")


def test_another_bank_s_key_proves_nothing(quiet: Scored, delivery: Scored, proof: dict[str, Any], tmp_path: Path):
    assert "another key" in checked(proof, delivery.store.keys.public_key(), tmp_path).stderr


def test_the_verb_writes_a_new_file_and_overwrites_none(
    quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(quiet.store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(quiet.store.root.parent / "keys"))
    words = ["explain", granted(quiet)[1], "--proof", str(tmp_path / "p.json")]
    assert cli.main(words) == 0
    assert (
        checked(
            json.loads((tmp_path / "p.json").read_text("utf-8")), quiet.store.keys.public_key(), tmp_path
        ).returncode
        == 0
    )
    capsys.readouterr()
    assert cli.main(words) == 2
    assert "is there already" in capsys.readouterr().err
    twice = str(tmp_path / "both")
    assert cli.main([*words[:2], "--proof", twice, "--out", twice]) == 2
    assert "name a new file for --out" in capsys.readouterr().err
    assert cli.main([*words[:2], "--proof", twice, "--out", str(tmp_path / "p.json")]) == 2
    assert not Path(twice).exists()


@pytest.fixture
def kept(quiet: Scored, tmp_path: Path) -> tuple[Store, Path]:
    """A store after a hold, and the checkpoint that somebody kept of it."""
    scored = copy_of(quiet, tmp_path)
    holds.hold(scored.store, granted(quiet)[0], SIGNER, "x")
    file = tmp_path / "checkpoint.txt"
    file.write_text(verify_ledger(scored.store, []).checkpoint, "utf-8")
    return scored.store, file


def test_a_checkpoint_vouches_for_all_acts_up_to_it(kept: tuple[Store, Path], quiet: Scored):
    store, file = kept
    found = verify_ledger(store, [], [file])
    assert (found.anchored_to, found.heads, found.vouched_to) == (4, 1, 2)
    earlier = write_checkpoint(store.keys, leaves_of(Ledger.of(quiet.store)))
    file.write_text(earlier, "utf-8")
    assert verify_ledger(store, [], [file]).anchored_to == 3
    old, new = (read_checkpoint(text, store.keys.known_keys()) for text in (earlier, found.checkpoint))
    proof = prefix_proof(leaves_of(Ledger.of(store)), old.size)
    assert is_prefix(old.size, old.root, new.size, new.root, proof)


def test_what_was_cut_off_or_rewritten_is_found_by_a_checkpoint(kept: tuple[Store, Path]):
    store, file = kept
    acts(store)[-1].unlink()
    with pytest.raises(VerificationFailed, match="the newest were cut off"):
        verify_ledger(store, [], [file])


@pytest.mark.parametrize("start", range(4))
def test_an_act_rewritten_with_all_that_follow_is_found_by_a_checkpoint(kept: tuple[Store, Path], start: int):
    store, file = kept
    rewritten(acts(store), start, lambda said: said.update(at="2026-11-01T00:00:00+00:00"))
    with pytest.raises(VerificationFailed, match=r"others: it was rewritten|the ledger tells another"):
        verify_ledger(store, [], [file])


@pytest.mark.parametrize("start", [0, 1])
def test_the_store_s_own_approvals_tell_of_acts_before_them(kept: tuple[Store, Path], start: int):
    """Without any witness: who has no key cannot sign an approval of another past."""
    store, _ = kept
    rewritten(acts(store), start, lambda said: said.update(at="2026-11-01T00:00:00+00:00"))
    with pytest.raises(VerificationFailed, match="the approval of run"):
        verify_ledger(store, [])


@pytest.mark.parametrize("text", ["", "x", "village-credit/0\n1\nAA==\n\n— village-credit/0 AA==\n"])
def test_a_file_that_is_no_checkpoint_of_this_store_is_refused(kept: tuple[Store, Path], text: str):
    store, file = kept
    file.write_text(text, "utf-8")
    with pytest.raises(VerificationFailed, match="no checkpoint of this store's ledger"):
        verify_ledger(store, [], [file])


def test_every_package_carries_the_checkpoint_of_its_act(quiet: Scored):
    manifests = sorted((quiet.store.root / "outbox" / COUNTY_OF_TESTS).glob("*/*/manifest.json"))
    assert len(manifests) >= 2
    for path in manifests:
        said = json.loads(path.read_text("utf-8"))
        told = read_checkpoint(said["checkpoint"], quiet.store.keys.known_keys())
        assert told.size == said["sequence"]


def test_the_tree_over_decisions_is_the_plain_one(quiet: Scored):
    """Level by level in the engine's columns, and in a loop; at a size that is no power of two."""
    run_id = quiet.run.run_id
    root, count = decisions_root(quiet.store, run_id)
    rows = decision_tree._tree(quiet.store, run_id)[0].execute("FROM lines ORDER BY place").fetchall()
    leaves = [leaf_hash(text.encode()) for *_, text in rows]
    assert count == len(leaves) == 241
    assert merkle.root(leaves).hex() == root
    for place in (0, 100, 240):
        _, key, product, text = rows[place]
        line = proven_line(quiet.store, run_id, key, product)
        assert (line.text, line.place) == (text, place)
        assert line.path == merkle.inclusion_path(leaves, place)
