"""An earlier publication comes back: the views as they were, the branches told the differences, nothing computed."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.conftest import PREPARER, Scored, copy_of, new_store, next_run, put_in_force, request_of, score_into
from village_credit import cli
from village_credit.errors import GateRefused, MissingInput, RunConflict, UsageError, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_before
from village_credit.ledger.publications import in_force, publications
from village_credit.publish import outbox as publish
from village_credit.publish.branch_package import verify_package
from village_credit.services.approval.rollback import roll_back
from village_credit.services.scoring import stage as score
from village_credit.store.row_hash import row_hash
from village_credit.store.store import Store

COUNTY = "659900"
CURRENT = "SELECT * EXCLUDE (publication_id, published_at) FROM limits_current ORDER BY household_key"


def view(store: Store, query: str) -> list[tuple]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def sent(store: Store, publication_id: str) -> list[dict[str, str]]:
    """Every row that the branches of the county get with a publication; each package verified."""
    rows = []
    for ready in (store.root / "outbox" / COUNTY / publication_id).glob("*/limits.csv"):
        verify_package(ready.parent)
        with (ready.parent / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def registered(store: Store, publication_id: str) -> list[dict[str, str]]:
    """Every line in force, as the registers of a publication's packages have it."""
    rows = []
    for path in (store.root / "outbox" / COUNTY / publication_id).glob("*/register.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


@pytest.fixture(scope="module")
def two(published: Scored, county_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A store with publications of November and, from other deliveries, of December; not to be written."""
    store = copy_of(published, tmp_path_factory.mktemp("two")).store
    (first,) = publications(Ledger.of(store))
    as_first = view(store, CURRENT)
    later = fewer(county_inbox, tmp_path_factory.mktemp("fewer") / "inbox")
    second = put_in_force(store, score_into(store, later, COUNTY, date(2026, 12, 1)).run.run_id)
    return {"store": store, "first": first, "second": second, "as_first": as_first, "inbox": county_inbox}


def fewer(inbox: Path, out: Path) -> Path:
    """The same deliveries with half of the declared crops and no negative list: some gain a line, many lose theirs."""
    shutil.copytree(inbox, out)
    (crops,) = out.rglob("种植申报.txt")
    lines = crops.read_bytes().split(b"\n")
    crops.write_bytes(b"\n".join(lines[: len(lines) // 2]))
    (listed,) = out.rglob("负面清单.csv")
    listed.unlink()
    return out


def copied(two: dict[str, Any], folder: Path) -> Store:
    """A store of its own with the same two publications."""
    shutil.copytree(two["store"].root, folder / "store")
    shutil.copy(two["store"].root.parent / "keys", folder / "keys")
    store = new_store(folder)
    publish.refresh_warehouse(store)
    return store


@pytest.fixture(scope="module")
def returned(two, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The same store after the county went back to November."""
    store = copied(two, tmp_path_factory.mktemp("returned"))
    done = roll_back(store, COUNTY, two["first"].publication_id, "3003", "the list of December was wrong")
    return {**two, "store": store, "done": done}


def test_the_limits_in_force_are_what_they_were_under_the_earlier_publication(two, returned):
    assert view(two["store"], CURRENT) != two["as_first"]
    assert view(returned["store"], CURRENT) == two["as_first"]
    ids = view(returned["store"], "SELECT DISTINCT publication_id FROM limits_current")
    assert ids == [(returned["done"].publication_id,)]


def test_the_ledger_gains_one_entry_that_says_what_it_restores(two, returned):
    before, after = (Ledger.of(each["store"]) for each in (two, returned))
    assert after.before(len(after)) == before
    assert (after[-1].act, after[-1].by, after[-1].run_id) == ("rollback", "3003", two["first"].run_id)
    assert after[-1].details["restores"] == two["first"].publication_id
    assert after[-1].details["reason"] == "the list of December was wrong"
    assert returned["done"].replaces == [two["second"].publication_id]


def test_history_keeps_every_publication_and_says_when_each_was_replaced(two, returned):
    query = (
        "SELECT publication_id, count(*), bool_and(superseded_at IS NULL) FROM limits_history GROUP BY "
        "ALL ORDER BY min(published_at), 1"
    )
    rows = {name: (count, is_open) for name, count, is_open in view(returned["store"], query)}
    count = len(two["as_first"])
    assert rows[two["first"].publication_id] == (count, False)
    assert not rows[two["second"].publication_id][1]
    assert rows[returned["done"].publication_id] == (count, True)


def test_the_branches_get_the_differences_back(two, returned):
    store, first, second = returned["store"], two["first"].run_id, two["second"].run_id
    rows = sent(store, returned["done"].publication_id)
    query = """
        SELECT count(*) FILTER (a.limit_yuan > 0 AND coalesce(b.limit_yuan, 0) = 0 AND b.valid_to IS NULL) AS new,
               count(*) FILTER (a.decision <> 'manual_review' AND a.limit_yuan = 0 AND b.limit_yuan > 0) AS gone, CAST(sum(a.limit_yuan) AS BIGINT) AS total
        FROM read_parquet($a) AS a FULL JOIN read_parquet($b) AS b USING (household_key)"""  # noqa: E501
    paths = {
        "a": str(store.run_folder(first) / "decisions.parquet"),
        "b": str(store.run_folder(second) / "decisions.parquet"),
    }
    ((new, gone, total),) = duckdb.connect().execute(query, paths).fetchall()
    actions = [row["action"] for row in rows]
    assert (actions.count("grant"), actions.count("remove")) == (new, gone)
    assert new > 0
    assert gone > 0
    changed = [row for row in rows if row["action"] == "change"]
    assert changed
    assert all(row["previous_limit_yuan"] != "" for row in changed)
    register = registered(store, returned["done"].publication_id)
    assert sum(int(row["limit_yuan"]) for row in register) == total
    told = {row["household_ref"]: row["limit_yuan"] for row in rows if row["action"] != "remove"}
    assert told.items() <= {row["household_ref"]: row["limit_yuan"] for row in register}.items()
    assert len(told) < len(register)  # what did not change is not said again


def test_a_household_that_the_earlier_publication_never_knew_is_removed_at_its_branch(
    two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store, stranger = copied(two, tmp_path), "h" + "a" * 26
    rows_of, borrowers_of = publish.lines_in_force, publish._borrowers

    def with_one_more(table: pa.Table, place: int) -> pa.Table:
        one = table.slice(place, 1)
        return pa.concat_tables(
            [table, one.set_column(one.column_names.index("household_key"), "household_key", [[stranger]])]
        )

    def rows(*given: Any, **named: Any) -> pa.Table:
        table = rows_of(*given, **named)
        limits = table.column("limit_yuan").to_pylist()
        return with_one_more(table, limits.index(max(limits)))

    def borrowers(*given: Any) -> pa.Table:
        table = borrowers_of(*given)
        known = pc.index(pc.is_valid(table.column("person_id")), value=True).as_py()
        return with_one_more(table, known)

    monkeypatch.setattr(publish, "lines_in_force", rows)
    monkeypatch.setattr(publish, "_borrowers", borrowers)
    done = roll_back(store, COUNTY, two["first"].publication_id, "3003", "test")
    gone = [row for row in sent(store, done.publication_id) if "不在现行授信名单" in row["reason_zh"]]
    assert [(row["action"], row["limit_yuan"]) for row in gone] == [("remove", "0")]


def test_the_same_rollback_again_is_a_no_op(returned):
    before = Ledger.of(returned["store"])
    again = roll_back(returned["store"], COUNTY, returned["first"].publication_id, "3003", "once more")
    assert again.noop
    assert again == dataclasses.replace(returned["done"], noop=True)
    assert Ledger.of(returned["store"]) == before


def test_going_back_and_forth_gives_each_its_own_publication(two, tmp_path: Path):
    store = copied(two, tmp_path)
    back = roll_back(store, COUNTY, two["first"].publication_id, "3003", "a")
    forth = roll_back(store, COUNTY, two["second"].publication_id, "3003", "b")
    again = roll_back(store, COUNTY, two["first"].publication_id, "3003", "c")
    ids = {back.publication_id, forth.publication_id, again.publication_id}
    assert len(ids | {two["first"].publication_id, two["second"].publication_id}) == 5
    assert view(store, CURRENT) == two["as_first"]


def test_what_cannot_come_back_is_refused_and_nothing_is_written(two):
    store, before = two["store"], Ledger.of(two["store"])
    first, second = two["first"].publication_id, two["second"].publication_id
    with pytest.raises(MissingInput, match="no such publication"):
        roll_back(store, COUNTY, "p20200101-nothing", "3003", "x")
    with pytest.raises(UsageError, match="county 659900, not 653199"):
        roll_back(store, "653199", first, "3003", "x")
    with pytest.raises(RunConflict, match="in force"):
        roll_back(store, COUNTY, second, "3003", "x")
    with pytest.raises(GateRefused, match="second person"):
        roll_back(store, COUNTY, first, "１００１ ", "x")
    with pytest.raises(UsageError, match="--reason is empty"):
        roll_back(store, COUNTY, first, "3003", "  ")
    with pytest.raises(UsageError, match="a person's number"):
        roll_back(store, COUNTY, first, "3003", "for 659900198005040017")
    assert Ledger.of(store) == before


@pytest.mark.parametrize("table", ["decisions", "waterfall"])
def test_a_run_that_was_altered_since_does_not_come_back(two, tmp_path: Path, table: str):
    store = copied(two, tmp_path)
    path = store.run_folder(two["first"].run_id) / f"{table}.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(VerificationFailed, match="not what was signed"):
        roll_back(store, COUNTY, two["first"].publication_id, "3003", "x")
    assert in_force(Ledger.of(store))[0].publication_id == two["second"].publication_id


def test_the_next_scoring_starts_from_the_limits_that_came_back(two, returned, tmp_path: Path):
    day = date(2027, 1, 15)
    starts = {
        name: lines_before(each["store"], Ledger.of(each["store"]), COUNTY, day)
        for name, each in {"stayed": two, "returned": returned}.items()
    }
    expected = {row[3]: row[8] for row in two["as_first"] if row[8] > 0}
    assert yuan(starts["returned"]) == expected
    assert yuan(starts["stayed"]) != expected
    store = copied(returned, tmp_path)
    parts = next_run(store, two["inbox"], COUNTY, day)[1]
    assert parts["limits_in_force"] == row_hash(starts["returned"])
    assert parts["compared_with_run"] == two["first"].run_id


def yuan(lines: pa.Table) -> dict[str, int]:
    return {row["household_key"]: row["limit_yuan"] for row in lines.to_pylist()}


def test_a_day_between_may_be_published_after_going_back(returned, tmp_path: Path):
    store = copied(returned, tmp_path)
    between = score_into(store, returned["inbox"], COUNTY, date(2026, 11, 20))
    put_in_force(store, between.run.run_id)
    assert view(store, "SELECT DISTINCT run_id FROM limits_current") == [(between.run.run_id,)]


def test_a_product_s_batch_goes_with_the_county_s_return_and_comes_back_by_its_own(
    published: Scored, county_inbox: Path, tmp_path: Path
):
    store = copy_of(published, tmp_path).store
    (whole,) = publications(Ledger.of(store))
    alone = view(store, CURRENT)
    request = dataclasses.replace(request_of(COUNTY, date(2026, 11, 20)), product="trader_loan")
    batch = put_in_force(store, score.score_inbox(store, county_inbox, request).run_id)
    beside = view(store, CURRENT)
    assert beside != alone
    done = roll_back(store, COUNTY, whole.publication_id, "3003", "the batch was not the county's")
    assert done.replaces == [whole.publication_id, batch.publication_id]
    assert view(store, CURRENT) == alone
    again = roll_back(store, COUNTY, batch.publication_id, "3003", "it was, after all")
    assert again.replaces == []
    assert view(store, CURRENT) == beside
    assert {row["product"] for row in sent(store, again.publication_id)} <= {"trader_loan"}


def test_a_crash_after_the_ledger_s_entry_is_finished_by_the_same_command(
    two, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    store = copied(two, tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("village_credit.publish.handing_out.move_to_place", killed)
    with pytest.raises(KeyboardInterrupt):
        roll_back(store, COUNTY, two["first"].publication_id, "3003", "x")
    monkeypatch.undo()
    again = roll_back(store, COUNTY, two["first"].publication_id, "3003", "x")
    assert again.noop
    assert sent(store, again.publication_id)
    assert view(store, CURRENT) == two["as_first"]


def test_the_command_says_what_came_back_and_each_refusal_has_its_exit_code(
    two, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    copied(two, tmp_path)
    monkeypatch.setenv("VILLAGE_CREDIT_KEY_FILE", str(tmp_path / "keys"))
    first, second = two["first"].publication_id, two["second"].publication_id

    def code(to: str, county: str = COUNTY, by: str = "3003") -> int:
        words = ["--county", county, "--to", to, "--by", by, "--reason", "x", "--store", str(tmp_path / "store")]
        return cli.main(["rollback", *words, "--json"])

    codes = (code(second), code("p1"), code(first, county="653199"), code(first, by=PREPARER))
    assert codes == (5, 7, 2, 4)
    capsys.readouterr()
    assert code(first) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["restores"], said["noop"], said["replaces"]) == (first, False, [second])
