"""A household is stopped between runs.

Its branch hears it at once, later scorings keep it stopped, and a release undoes it.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import PREPARER, Scored, by_unit, copy_of, next_run_id, put_in_force, score_into
from village_credit import cli
from village_credit.errors import MissingInput, RunConflict, UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.publish import outbox
from village_credit.publish.branch_package import verify_package
from village_credit.report.account import account_text
from village_credit.services.approval import publish as publish_module
from village_credit.services.approval.rollback import roll_back
from village_credit.services.casework import holds
from village_credit.services.queries import explain as tell
from village_credit.services.queries import status
from village_credit.store.store import Store

COUNTY = "659900"
LATER = date(2026, 12, 1)


def view(store: Store, query: str) -> list[tuple]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def first_of(store: Store, run_id: str, condition: str) -> str:
    """The first household of the register that a condition holds of."""
    return by_unit(
        store, run_id, [key for (key,) in view(store, f"SELECT household_key FROM limits_current WHERE {condition}")]
    )[0]


def decision(store: Store, run_id: str, key: str) -> dict[str, Any]:
    path = str(store.run_folder(run_id) / "decisions.parquet")
    query = "FROM read_parquet($p) WHERE household_key = $key"
    (row,) = duckdb.connect().sql(query, params={"p": path, "key": key}).to_arrow_table().to_pylist()
    return row


def rows_of(folders: list[str] | list[Path]) -> list[dict[str, str]]:
    rows = []
    for folder in folders:
        verify_package(Path(folder))
        with (Path(folder) / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def branch_row(store: Store, publication_id: str, line: dict[str, Any]) -> dict[str, str] | None:
    """The row of the one household that has this ID number, in a publication's packages."""
    folders = [ready.parent for ready in (store.root / "outbox" / COUNTY / publication_id).glob("*/limits.csv")]
    found = [row for row in rows_of(folders) if row["身份证号码"] == line["身份证号码"]]
    return found[0] if found else None


def register_row(store: Store, publication_id: str, line: dict[str, Any]) -> dict[str, str] | None:
    """The line of the one household as the branch's register should have it after a publication."""
    rows: list[dict[str, str]] = []
    for path in (store.root / "outbox" / COUNTY / publication_id).glob("*/register.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return next((row for row in rows if row["身份证号码"] == line["身份证号码"]), None)


@pytest.fixture(scope="module")
def unheld(published: Scored, tmp_path_factory: pytest.TempPathFactory) -> Scored:
    """The published county, scored again for a later day; read only."""
    scored = copy_of(published, tmp_path_factory.mktemp("unheld"))
    return score_into(scored.store, scored.inbox, COUNTY, LATER)


@pytest.fixture(scope="module")
def story(published: Scored, unheld: Scored, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Published, held, scored and published, released, scored and published; every step kept."""
    store, county_inbox = copy_of(unheld, tmp_path_factory.mktemp("holds")).store, published.inbox
    first, free = published.run.run_id, unheld.run.run_id
    key = first_of(store, first, "decision = 'granted' AND limit_yuan >= 10000")
    held = holds.hold(store, key, "2002", "reported dead by the village")
    seen = {"view": view(store, "SELECT household_key, held_by FROM holds"), "status": status.status(store)}
    seen["explain"] = tell.explain(store, key)
    stopped = score_into(store, county_inbox, COUNTY, LATER).run.run_id
    second = put_in_force(store, stopped)
    released = holds.release(store, key, "3003", "it was a neighbour")
    third = score_into(store, county_inbox, COUNTY, date(2027, 1, 1)).run.run_id
    again = put_in_force(store, third)
    return {
        "store": store,
        "key": key,
        "first": first,
        "free": free,
        "held": held,
        "stopped": stopped,
        "second": second,
        "released": released,
        "third": third,
        "again": again,
        **seen,
    }


def test_the_branch_gets_one_freeze_row_at_once(story):
    (row,) = rows_of(story["held"].packages)
    line = decision(story["store"], story["first"], story["key"])
    assert (row["action"], row["limit_yuan"], row["term_months"]) == ("freeze", "0", str(line["term_months"]))
    assert (row["valid_from"], row["valid_to"]) == (str(line["valid_from"]), str(line["valid_to"]))
    assert "暂停" in row["reason_zh"]


def test_a_hold_is_seen_at_once_and_its_reason_nowhere_but_in_the_ledger(story):
    assert story["view"] == [(story["key"], "2002")]
    assert [hold["household_key"] for hold in story["status"][0]["holds"]] == [story["key"]]
    columns = view(story["store"], "DESCRIBE holds")
    assert [column for column, *_ in columns] == ["county_code", "household_key", "since", "held_by"]
    assert "reported dead" not in json.dumps([story["status"], story["explain"]], default=str)
    (entry,) = [e for e in Ledger.of(story["store"]) if e.act == "hold"]
    assert entry.details["reason"] == "reported dead by the village"


def test_explain_says_who_held_the_household_and_when(story):
    found = story["explain"]
    text = account_text(found)
    assert f"暂停用信：2002，{story['held'].at}" in text


def test_the_next_scoring_decides_held_and_keeps_the_term(story):
    row = decision(story["store"], story["stopped"], story["key"])
    line = decision(story["store"], story["first"], story["key"])
    assert (row["decision"], row["reason_codes"][0], row["limit_yuan"]) == ("manual_review", "HELD", 0)
    assert all(row[name] == line[name] for name in ("term_months", "valid_from", "valid_to"))
    assert branch_action(story, story["second"]) == ""  # the branch was told when he was held
    kept = register_row(story["store"], story["second"].publication_id, rows_of(story["held"].packages)[0])
    assert (kept["state"], kept["limit_yuan"]) == ("frozen", "0")


def branch_action(story: dict[str, Any], published: publish_module.Published) -> str:
    row = branch_row(story["store"], published.publication_id, rows_of(story["held"].packages)[0])
    return row["action"] if row else ""


def test_a_hold_is_part_of_what_names_a_run_and_changes_nobody_else(story):
    assert len({story["first"], story["free"], story["stopped"], story["third"]}) == 4
    paths = {name: str(story["store"].run_folder(story[name]) / "decisions.parquet") for name in ("free", "stopped")}
    query = (
        "SELECT household_key FROM (SELECT * EXCLUDE (run_id) FROM read_parquet($free) EXCEPT SELECT * "
        "EXCLUDE (run_id) FROM read_parquet($stopped))"
    )
    assert duckdb.connect().execute(query, paths).fetchall() == [(story["key"],)]


def test_after_a_release_the_line_goes_on_within_its_old_term(story):
    row = decision(story["store"], story["third"], story["key"])
    line = decision(story["store"], story["first"], story["key"])
    assert row["decision"] == "granted"
    assert all(row[name] == line[name] for name in ("term_months", "valid_from", "valid_to"))
    assert branch_action(story, story["again"]) == "change"
    assert view(story["store"], "SELECT count(*) FROM holds") == [(0,)]


def test_a_release_after_a_publication_that_held_waits_for_the_next(story):
    assert story["released"].packages == []


def test_hold_and_release_before_any_scoring_give_the_branch_its_line_back(published: Scored, tmp_path: Path):
    store, key, line = alone(published, tmp_path)
    run_before = next_run_id(store, published.inbox, COUNTY, LATER)
    held = holds.hold(store, key, "2002", "x")
    assert next_run_id(store, published.inbox, COUNTY, LATER) != run_before
    released = holds.release(store, key, "2002", "x")
    assert next_run_id(store, published.inbox, COUNTY, LATER) == run_before
    (row,) = rows_of(released.packages)
    assert (row["action"], int(row["limit_yuan"])) == ("change", line["limit_yuan"])
    assert row["household_ref"] != rows_of(held.packages)[0]["household_ref"]


def alone(published: Scored, folder: Path) -> tuple[Store, str, dict[str, Any]]:
    """A store of its own with the published county, and one household with a line."""
    store = copy_of(published, folder).store
    outbox.refresh_warehouse(store)
    key = first_of(store, published.run.run_id, "decision = 'granted'")
    return store, key, decision(store, published.run.run_id, key)


def test_a_run_scored_before_the_hold_freezes_the_line_all_the_same(unheld: Scored, tmp_path: Path):
    store, key, _ = alone(unheld, tmp_path)
    before = unheld.run.run_id
    held = holds.hold(store, key, "2002", "x")
    done = put_in_force(store, before)
    row = register_row(store, done.publication_id, rows_of(held.packages)[0])
    assert row is not None
    assert (row["state"], row["limit_yuan"]) == ("frozen", "0")
    first = next(e for e in Ledger.of(store) if e.act == "publish").details
    back = roll_back(store, COUNTY, first["publication_id"], "3003", "x")
    row = register_row(store, back.publication_id, rows_of(held.packages)[0])
    assert row is not None
    assert row["state"] == "frozen"


def test_who_has_no_line_is_held_without_a_word_to_the_branch(published: Scored, tmp_path: Path):
    store, _, _ = alone(published, tmp_path)
    key = first_of(store, published.run.run_id, "decision = 'declined' AND limit_yuan = 0")
    assert holds.hold(store, key, "2002", "x").packages == []
    assert view(store, "SELECT household_key FROM holds") == [(key,)]


def test_what_cannot_be_held_or_released_is_refused(published: Scored, tmp_path: Path):
    store, key, _ = alone(published, tmp_path)
    with pytest.raises(RunConflict, match="not held"):
        holds.release(store, key, "2002", "x")
    with pytest.raises(MissingInput, match="no run in this store knows it"):
        holds.hold(store, "h" + "a" * 26, "2002", "x")
    with pytest.raises(UsageError, match="--reason is empty"):
        holds.hold(store, key, "2002", " ")
    holds.hold(store, key, "2002", "x")
    with pytest.raises(RunConflict, match=r"held already since .* by 2002"):
        holds.hold(store, key, "3003", "x")


def test_a_crash_after_the_ledger_s_entry_is_finished_by_the_next_act(
    published: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, key, _ = alone(published, tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("village_credit.publish.handing_out.move_to_place", killed)
    with pytest.raises(KeyboardInterrupt):
        holds.hold(store, key, "2002", "x")
    monkeypatch.undo()
    with pytest.raises(RunConflict, match="held already"):
        holds.hold(store, key, "2002", "x")
    (row,) = rows_of([ready.parent for ready in (store.root / "outbox" / COUNTY).glob("hold-*/*/READY")])
    assert row["action"] == "freeze"


def test_a_person_is_named_on_standard_input_and_never_in_ledger_or_terminal(
    published: Scored, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    store, key, _ = alone(published, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    (row,) = rows_of(holds.hold(store, key, "2002", "x").packages)
    number = row["身份证号码"].strip()
    holds.release(store, key, "2002", "x")

    def run(verb: str, named: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        words = [named, "--by", "2002", "--reason", "x", "--store", str(tmp_path / "store"), "--json"]
        return cli.main([verb, *words])

    assert run("hold", "-", number + "\n") == 0
    assert json.loads(capsys.readouterr().out)["household_key"] == key
    assert run("release", key) == 0
    codes = (run("release", key), run("hold", number), run("hold", "-", " "), run("hold", "-", "11010119000101001X"))
    assert codes == (5, 2, 2, 7)
    said = capsys.readouterr()
    assert cli.main(["status", "--store", str(tmp_path / "store")]) == 0
    texts = [said.out, said.err, *(path.read_text("utf-8") for path in (store.root / "ledger").iterdir())]
    assert not [text for text in texts if number in text]
    assert PREPARER != "2002"
