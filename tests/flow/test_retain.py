"""What is past its retention is shown first, removed by two people, and told by verify; all else stays."""

from __future__ import annotations

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, PREPARER, Scored, copy_of, on_day, put_in_force
from village_credit import cli
from village_credit.errors import GateRefused, MissingInput, UsageError
from village_credit.ledger.erasures import journal_path
from village_credit.ledger.ledger import Ledger
from village_credit.policy.model import load_policy
from village_credit.publish.recording import record
from village_credit.services.keeping import retain as keeping
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.status import status
from village_credit.services.queries.verify import verify_run
from village_credit.store.store import PARTS, Store, sha256_of

BY, SECOND = "3003", "4004"
TEXT = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
POLICY = (load_policy(TEXT), sha256_of(TEXT.encode()))
UNSIGNED, NEXT = "r" + "0" * 24, "r" + "1" * 24
LATER = AS_OF + timedelta(10)  # when the next run took the first one's place


@pytest.fixture(scope="module")
def old(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """A county published on its day; a run that nobody signed; and one that took its place, with a receipt of it."""
    scored = copy_of(quiet, tmp_path_factory.mktemp("old"))
    store = scored.store
    with pytest.MonkeyPatch.context() as patch:
        for module in ("recording", "outbox"):
            patch.setattr(f"village_credit.publish.{module}.build_warehouse", lambda _store: None)
        with on_day(AS_OF + timedelta(1)):
            again(store, scored.run.run_id, UNSIGNED)
        with on_day(LATER):
            again(store, scored.run.run_id, NEXT)
            put_in_force(store, NEXT)
            (first,) = (p.publication_id for p in Ledger.of(store).publications if p.run_id == scored.run.run_id)
            told = {"branch_code": "0071", "publications": [first], "changed": [], "tables": [], "record": "0" * 16}
            store.freeze(b"receipt", sha256_of(b"receipt"))
            record(store, "acknowledge", BY, "", told | {"file_sha256": sha256_of(b"receipt")})
    return scored


def again(store: Store, run_id: str, new: str) -> None:
    """The same run under another name, staged: nothing of it is computed once more."""
    shutil.copytree(store.run_folder(run_id), store.run_folder(new))
    manifest = store.run_folder(new) / "manifest.json"
    said = json.loads(manifest.read_bytes()) | {"run_id": new}
    manifest.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
    for part in PARTS:
        if plain := store.open_part(run_id, part):
            store.seal_part(new, part, plain)
    details = {"county_code": COUNTY_OF_TESTS, "as_of": f"{AS_OF}", "manifest_sha256": sha256_of(manifest.read_bytes())}
    record(store, "stage", PREPARER, new, details)


@pytest.fixture
def store(old: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Spared the time to build views that no test here reads."""
    for module in ("recording", "outbox"):
        monkeypatch.setattr(f"village_credit.publish.{module}.build_warehouse", lambda _store: None)
    return copy_of(old, tmp_path).store


def kinds(found: keeping.Retained) -> dict[str, int]:
    names = [item.kind for item in found.items]
    return {name: names.count(name) for name in names}


@pytest.mark.parametrize(
    ("day", "past"),
    [
        (LATER + timedelta(31), {}),
        (LATER + timedelta(32), {"confirmed_packages": 1}),
        (AS_OF + timedelta(1 + 92), {"confirmed_packages": 1}),
        (AS_OF + timedelta(1 + 93), {"confirmed_packages": 1, "unsigned_runs": 5}),
        (LATER + timedelta(366), {"confirmed_packages": 1, "unsigned_runs": 5}),
        (LATER + timedelta(367), {"confirmed_packages": 1, "unsigned_runs": 5, "simulation_inputs": 1}),
        (LATER + timedelta(1826), {"confirmed_packages": 1, "unsigned_runs": 5, "simulation_inputs": 1}),
        (
            LATER + timedelta(1827),
            {"confirmed_packages": 1, "unsigned_runs": 5, "simulation_inputs": 1, "superseded_vaults": 3},
        ),
    ],
)
def test_days_are_those_of_the_ledger(old: Scored, day: date, past: dict[str, int]):
    assert kinds(keeping.retain(old.store, POLICY, day)) == past


def test_what_a_policy_does_not_say_is_kept_for_ever(old: Scored):
    policy = load_policy(TEXT[: TEXT.index("[[retention]]")]), "0" * 64
    found = keeping.retain(old.store, policy, date(2090, 1, 1))
    assert (found.items, len(found.not_said)) == ([], 4)


def test_apply_removes_what_was_shown_and_nothing_else(old: Scored, store: Store):
    day, before = LATER + timedelta(1827), tree(store)
    shown = keeping.retain(store, POLICY, day)
    assert tree(store) == before
    done = keeping.retain(store, POLICY, day, BY, SECOND)
    assert done.items == shown.items
    memos = {path for path in before if path.startswith("memos/")}
    assert memos
    assert not memos & tree(store)  # what nothing rests on is not told
    gone, places = before - memos - tree(store), [item.place for item in shown.items]
    assert all(any(path == place or path.startswith(f"{place}/") for place in places) for path in gone)
    assert len(gone) == sum(item.files for item in shown.items)
    entry = Ledger.of(store)[-1]
    assert (entry.act, entry.by, entry.details["second"], done.act) == ("retain", BY, SECOND, entry.number)
    assert [one["sha256"] for one in entry.details["removed"]] == [item.sha256 for item in shown.items]
    assert verify_ledger(store, []).entries == entry.number
    again_shown = keeping.retain(store, POLICY, day, BY, SECOND)
    assert (again_shown.items, len(Ledger.of(store))) == ([], entry.number)


def tree(store: Store) -> set[str]:
    return {path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file()}


def test_verify_and_status_say_what_is_gone(old: Scored, store: Store):
    keeping.retain(store, POLICY, LATER + timedelta(1827), BY, SECOND)
    number = len(Ledger.of(store))
    with pytest.raises(MissingInput, match=f"nobody signed it, and it was removed .* by act {number} of"):
        verify_run(store, UNSIGNED, MODELS)
    assert [row["run_id"] for row in status(store)] == [NEXT, old.run.run_id]
    assert verify_run(store, old.run.run_id, MODELS).is_rebuilt  # its vault is no input of its own


@pytest.mark.parametrize(
    ("by", "second", "why", "kind"),
    [
        (BY, None, "two people", UsageError),
        (BY, f"{BY} ", "two people", GateRefused),
        (BY, PREPARER, "cannot be the second person", GateRefused),
    ],
)
def test_two_people_remove_and_no_preparer(store: Store, by: str, second: str | None, why: str, kind: type[Exception]):
    before = tree(store)
    with pytest.raises(kind, match=why):
        keeping.retain(store, POLICY, LATER + timedelta(1827), by, second)
    assert tree(store) == before


@pytest.mark.parametrize("place", range(0, 8, 2))
def test_a_kill_between_two_places_is_finished_by_the_same_command(
    store: Store, place: int, monkeypatch: pytest.MonkeyPatch
):
    day, taken = LATER + timedelta(1827), []
    shown, take_away = keeping.retain(store, POLICY, day), keeping._take_away

    def killed(path: Path) -> None:
        if len(taken) == place:
            raise KeyboardInterrupt
        taken.append(path)
        take_away(path)

    with monkeypatch.context() as patch:
        patch.setattr(keeping, "_take_away", killed)
        with pytest.raises(KeyboardInterrupt):
            keeping.retain(store, POLICY, day, BY, SECOND)
    done = keeping.retain(store, POLICY, day, BY, SECOND)
    assert done.items == shown.items
    assert Ledger.of(store)[-1].details["removed"] == [item.__dict__ for item in shown.items]
    assert not [item.place for item in shown.items if (store.root / item.place).exists()]
    assert not journal_path(store, "retain").exists()


def test_the_command_shows_and_applies(
    old: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    store = copy_of(old, tmp_path).store
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    with monkeypatch.context() as patch:
        patch.setattr("village_credit.china_calendar.today", lambda: date(2098, 12, 31))
        said = ["retain", "--store", str(store.root), "--as-of", "2099-01-01", "--apply"]
        assert cli.main([*said, "--by", BY, "--second", SECOND]) == 2
    assert "is a day to come" in capsys.readouterr().err
    monkeypatch.setattr("village_credit.china_calendar.today", lambda: date(2099, 1, 1))
    words = ["retain", "--store", str(store.root), "--as-of", "2099-01-01"]
    assert cli.main([*words, "--apply"]) == 2
    assert cli.main(words) == 0
    shown = capsys.readouterr().out
    assert "10 places" in shown
    assert "unsigned_runs" in shown
    assert "kept 1,826 days, oldest since 2026-11-11" in shown
    assert cli.main([*words, "--apply", "--by", BY, "--second", SECOND]) == 0
    assert f"removed by act {len(Ledger.of(store))}" in capsys.readouterr().out
