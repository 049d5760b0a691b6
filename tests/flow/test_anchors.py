"""A branch that keeps one package is a witness against a ledger that was cut off or rewritten."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import COUNTY_OF_TESTS, SIGNER, Scored, by_unit, copy_of
from tests.flow.test_holds import view
from village_credit.cli import main
from village_credit.errors import VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.services.casework import holds
from village_credit.services.queries.anchors import verify_ledger
from village_credit.store.store import Store, sha256_of


def acts(store: Store) -> list[Path]:
    return sorted((store.root / "ledger").glob("*.json"))


def rewritten(paths: list[Path], start: int, change: Callable[[dict[str, object]], None]) -> None:
    """Change an act and chain all that follow anew, as somebody could who can write there and has no key."""
    for number in range(start, len(paths)):
        said = json.loads(paths[number].read_bytes())
        if number == start:
            change(said)
        else:
            said["previous"] = sha256_of(paths[number - 1].read_bytes())
        paths[number].chmod(0o644)
        paths[number].write_text(json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1), encoding="utf-8")


@pytest.fixture
def kept(quiet: Scored, tmp_path: Path) -> tuple[Store, Path]:
    """A store after a hold, and the package of it that its branch keeps elsewhere."""
    store = copy_of(quiet, tmp_path).store
    keys = [key for (key,) in view(store, "SELECT household_key FROM limits_current WHERE decision = 'granted'")]
    told = holds.hold(store, by_unit(store, quiet.run.run_id, keys)[0], SIGNER, "x")
    return store, Path(shutil.copytree(told.packages[0], tmp_path / "kept" / Path(told.packages[0]).name))


def test_a_ledger_is_anchored_as_far_as_a_package_tells_and_else_says_so(
    kept: tuple[Store, Path], quiet: Scored, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store, package = kept
    found = verify_ledger(store, [package])
    assert (found.entries, found.approvals, found.heads, found.anchored_to) == (4, 1, 1, 4)
    first = next((quiet.store.root / "outbox" / COUNTY_OF_TESTS).glob("p*/0071"))
    assert verify_ledger(store, [first, package]).anchored_to == 4
    assert verify_ledger(store, [first]).anchored_to == 3
    monkeypatch.setenv("VILLAGE_CREDIT_STORE", str(store.root))
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(store.root.parent / "keys"))
    assert main(["ledger", "verify"]) == 0
    assert "unanchored" in capsys.readouterr().out
    assert main(["ledger", "verify", "--package", str(package)]) == 0
    assert "anchored up to act 4 by 1 packages and checkpoints" in capsys.readouterr().out


def test_the_newest_acts_cut_off_are_found(kept: tuple[Store, Path]):
    store, package = kept
    acts(store)[-1].unlink()
    assert verify_ledger(store, []).anchored_to is None
    with pytest.raises(VerificationFailed, match="the newest were cut off"):
        verify_ledger(store, [package])


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_an_act_rewritten_with_all_that_follow_is_found(kept: tuple[Store, Path], start: int):
    store, package = kept
    rewritten(acts(store), start, lambda said: said.update(at="2026-11-01T00:00:00+00:00"))
    assert len(Ledger.of(store)) == 4  # the chain itself is whole
    with pytest.raises(VerificationFailed, match="the ledger's act 4 is another"):
        verify_ledger(store, [package])


def test_an_act_that_was_altered_without_the_key_is_found_without_any_witness(kept: tuple[Store, Path]):
    store, _ = kept
    assert verify_ledger(store, []).signed == 4
    rewritten(acts(store), 3, lambda said: said.update(by="somebody else"))
    with pytest.raises(VerificationFailed, match=r"act 4 \(hold\) is not signed"):
        verify_ledger(store, [])


def test_another_act_put_where_one_was_cut_off_is_found(kept: tuple[Store, Path], quiet: Scored):
    store, package = kept
    last = acts(store)[-1]
    said = json.loads(last.read_bytes())
    last.chmod(0o644)
    last.write_text(json.dumps(said | {"by": "somebody else"}), encoding="utf-8")
    with pytest.raises(VerificationFailed, match="the ledger's act 4 is another"):
        verify_ledger(store, [package])
    assert quiet.store.root != store.root


def test_a_package_that_the_act_does_not_name_is_found(kept: tuple[Store, Path]):
    """As where somebody with the key packed once more, and the act was left as it is."""
    store, package = kept
    manifest = package / "manifest.json"
    said = {name: value for name, value in json.loads(manifest.read_bytes()).items() if name != "signature"}
    again = said | {"unit": "yuan"}
    manifest.write_text(json.dumps(again | {"signature": store.keys.sign("package", again)}), encoding="utf-8")
    with pytest.raises(VerificationFailed, match="the ledger's act 4 is another"):
        verify_ledger(store, [package])


def test_another_store_s_package_vouches_for_nothing(kept: tuple[Store, Path], delivery: Scored):
    foreign = next((delivery.store.root / "outbox").rglob("limits.csv")).parent
    with pytest.raises(VerificationFailed, match="signed with key"):
        verify_ledger(kept[0], [foreign])
