"""A county scored every second month for more than three years.

No end moves by itself, what people said stays, every diff adds up.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from data_contracts.registry import field_specs
from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, by_unit, new_store, put_in_force, request_of
from village_credit.extract.grid import Extract
from village_credit.extract.inbox import pull
from village_credit.extract.read import read_files
from village_credit.ledger import log as ledger
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.publish import outbox
from village_credit.score.scorecard import card_json, content_hash, read_scorecard
from village_credit.services.casework import holds, reviews
from village_credit.services.casework import renewals as renew
from village_credit.services.modelling.sign import sign_model
from village_credit.services.queries import diff as compare
from village_credit.services.queries import explain as tell
from village_credit.services.scoring import stage as score
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

RUNS, MONTHS_APART = 20, 2
# By the number of the run, from 0:
REVIEWED, HELD, RELEASED = 1, 2, 5
SECOND_POLICY, SECOND_MODEL = 6, 7
RENEWED_AT = 19  # two months after the lines of the first run are over
LEFT_OUT = ("异议登记.csv", "关系人.csv", "2025年购机者公示.xlsx", "经营主体名录.xlsx", "个体户推荐名单.csv")
NAMES = "household_key, decision, limit_yuan, valid_from, valid_to, review_due_on, reason_codes, product"
INCOMES = ("planting_income_yuan", "livestock_income_yuan", "wage_income_yuan", "trade_income_yuan")


def days_of_runs(first: date) -> list[date]:
    months = [first.month - 1 + MONTHS_APART * number for number in range(RUNS)]
    return [date(first.year + month // 12, month % 12 + 1, 1) for month in months]


def lines_of(store: Store) -> list[dict[str, dict[str, Any]]]:
    """What the views say of each publication, in their order."""
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    query = f"SELECT run_id, {NAMES} FROM limits_history ORDER BY published_at"
    rows = connection.sql(query).to_arrow_table().to_pylist()
    connection.close()
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("run_id"), {})[row["household_key"]] = row
    return list(found.values())


def in_force_yuan(store: Store) -> int:
    """The sum of the limits in force, as every reader of lines has it."""
    lines = lines_in_force(store, Ledger.of(store), COUNTY_OF_TESTS)
    return sum(lines.column("limit_yuan").to_pylist())


def decided(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    """What a run decided: what is in force once it is published."""
    rows = pq.read_table(store.run_folder(run_id) / "decisions.parquet", columns=NAMES.split(", ")).to_pylist()
    return {row["household_key"]: row for row in rows}


def books_of(inbox: Path) -> list[dict[str, str]]:
    """The county's books as they were delivered, by the contract's headers."""
    headers = {spec.name: spec.column.header for spec in field_specs("household_economy")}
    found = []
    for table in read_files(pull(inbox, COUNTY_OF_TESTS)):
        if isinstance(table, Extract) and table.contract == "household_economy":
            rows = table.rows.drop_columns(["line_number", "last_line"]).to_pylist()
            found += [{headers[name]: value or "" for name, value in row.items() if name in headers} for row in rows]
    return found


def bring_books(inbox: Path, books: list[dict[str, str]], number: int, day: date) -> None:
    """Every household's book is collected anew: of three runs one sees a good year, one a poor one."""
    headers = {spec.name: spec.column.header for spec in field_specs("household_economy")}
    factor = (1.0, 1.6, 0.4)[number % 3]
    changed = []
    for place, book in enumerate(books):
        own = factor if place % 2 else (1.0, 0.4, 1.6)[number % 3]
        more = {headers[name]: f"{float(book[headers[name]]) * own:.2f}" for name in INCOMES if book.get(headers[name])}
        changed.append(
            book | more | {headers["year"]: str(day.year - 1), headers["collected_on"]: day.replace(day=1).isoformat()}
        )
    path = inbox / COUNTY_OF_TESTS / "农经站" / "月报.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(changed[0]))
        writer.writeheader()
        writer.writerows(changed)


def signed_models(folder: Path, store: Store) -> Path:
    """Two scorecards that are valid for long enough, alike but for their ids, and two policies.

    In the second people must live on less.
    """
    models = folder / "models"
    models.mkdir()
    card = read_scorecard((MODELS / "synthetic-2026.1.scorecard.json").read_text(encoding="utf-8"))
    for name in ("first", "second"):
        changed = card.model_copy(
            update={"model_id": name, "valid_to": AS_OF.replace(year=AS_OF.year + 5), "signatures": []}
        )
        made = changed.model_copy(update={"content_sha256": content_hash(changed)})
        alone = folder / name
        alone.mkdir()
        (alone / f"{name}.scorecard.json").write_text(card_json(made), encoding="utf-8")
        for role, by in (("developer", "1"), ("validator", "2"), ("approver", "3")):
            sign_model(alone, role, by, store.keys)
        shutil.copy(alone / f"{name}.scorecard.json", models)
    text = (MODELS / "limit_policy.toml").read_text(encoding="utf-8")
    (models / "limit_policy.toml").write_text(text, encoding="utf-8")
    (models / "later_policy.toml").write_text(
        text.replace('name = "stress", value = 0.70', 'name = "stress", value = 0.60'), encoding="utf-8"
    )
    return models


class Then(datetime):
    """The ledger's clock, which the test sets."""

    day = AS_OF

    @classmethod
    def now(cls, tz=None):
        return datetime(cls.day.year, cls.day.month, cls.day.day, 9, tzinfo=tz)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Twenty publications, one every second month.

    A verdict after the second, a hold from the third to the sixth, a renewal before the last.
    """
    folder = tmp_path_factory.mktemp("months")
    inbox = folder / "inbox"
    synthesize(inbox, COUNTY_OF_TESTS, 1, 60, 7, AS_OF, "none")
    for name in LEFT_OUT:
        for path in inbox.rglob(name):
            path.unlink()
    basis = next(inbox.rglob("数据来源依据.csv"))  # the bases hold for as long
    text = basis.read_text(encoding="utf-8-sig")
    basis.write_text(text.replace("2027-12-31", "2035-12-31"), encoding="utf-8")
    books = [book for book in books_of(inbox) if book["年度"] == str(AS_OF.year - 1)]
    shutil.rmtree(inbox / COUNTY_OF_TESTS / "农经站")
    (inbox / COUNTY_OF_TESTS / "农经站").mkdir()
    store = new_store(folder)
    told: list[dict[str, dict[str, Any]]] = []
    diffs: list[tuple[int, int]] = []
    people: dict[str, str] = {}
    models = signed_models(folder, store)
    patch = pytest.MonkeyPatch()
    patch.setattr(ledger, "datetime", Then)
    # the views are looked at when all is published
    patch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
    patch.setattr(outbox, "refresh_warehouse", lambda _store: None)
    for number, day in enumerate(days_of_runs(AS_OF)):
        Then.day = day
        bring_books(inbox, books, number, day)
        if number:
            bring_arrears(inbox, people["number"], day)
        policy = models / ("later_policy.toml" if number >= SECOND_POLICY else "limit_policy.toml")
        model = "second" if number >= SECOND_MODEL else "first"
        request = request_of(COUNTY_OF_TESTS, day, models=models, policy_file=policy, model_id=model)
        run = score.score_inbox(store, inbox, request)
        changes = compare.diff_runs(store, run.run_id).changes
        before = in_force_yuan(store) if told else None
        put_in_force(store, run.run_id)
        told.append(decided(store, run.run_id))
        after = in_force_yuan(store)
        diffs.append(
            (sum(row["after_yuan"] - row["before_yuan"] for row in changes), 0 if before is None else after - before)
        )
        act_after(store, run.run_id, number, told[-1], people, folder)
    patch.undo()
    outbox.refresh_warehouse(store)
    days = days_of_runs(AS_OF)
    return {"store": store, "last": run.run_id, "told": told, "diffs": diffs, "people": people, "days": days}


def bring_arrears(inbox: Path, number: str, day: date) -> None:
    """One borrower is always forty days late: a case for a person."""
    header = "身份证号,借据号,放款日,到期日,最大逾期天数,当前逾期天数,纾困标志,纾困原因,纾困证明编号,截止日期"
    row = f"{number},J-1,2025-01-05,2026-01-05,40,40,否,,,{day - timedelta(days=1)}"
    (inbox / COUNTY_OF_TESTS / "信用社" / "逾期.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")


def act_after(
    store: Store, run_id: str, number: int, lines: dict[str, dict[str, Any]], people: dict[str, str], folder: Path
) -> None:
    """What people do between two runs."""
    granted = by_unit(store, run_id, [key for key, row in lines.items() if row["decision"] == "granted"])
    best = sorted(granted, key=lambda key: -lines[key]["limit_yuan"])
    if number == 0:
        people["late"] = best[0]
        rows = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
        people["number"] = next(row["person_id"] for row in rows if row["household_key"] == best[0])
    if number == HELD:
        people["held"] = best[1]
        holds.hold(store, best[1], "2002", "complaint")
    if number == RELEASED:
        holds.release(store, people["held"], "2002", "settled")
    if number == REVIEWED:
        people["reviewed"] = verdict(store, run_id, folder)
    if number == RENEWED_AT - 1:
        people["renewed"] = str(
            renew.renew(store, COUNTY_OF_TESTS, days_of_runs(AS_OF)[RENEWED_AT], "2002", "committee").lines
        )


def verdict(store: Store, run_id: str, folder: Path) -> str:
    """Decline by the workbook the household in review that is first in the register."""
    path = folder / "reviews.xlsx"
    reviews.export_reviews(store, run_id, path)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    for row in sheet.iter_rows():
        cells = {cell.value: cell.column for cell in row}
        if "农户编号" in cells:
            place = cells["农户编号"]
            lines = {str(sheet.cell(line, place).value): line for line in range(row[0].row + 1, sheet.max_row + 1)}
            found = by_unit(store, run_id, lines)[0]
            sheet.cell(lines[found], cells.get("处理结果", 1)).value = "不授信"
            break
    book.save(path)
    from village_credit.settings import settings  # noqa: PLC0415

    reviews.apply_reviews(store, path, "5005", settings(None, None, None).models / "limit_policy.toml")
    return found


def test_the_views_keep_every_publication_as_it_was_decided(story):
    assert lines_of(story["store"]) == story["told"]


def test_no_end_moves_without_a_signed_renewal(story):
    ends: dict[str, date] = {}
    seen = Counter()
    for number, lines in enumerate(story["told"]):
        for key, row in lines.items():
            end = row["valid_to"]
            if end is None:
                if ends.get(key) is not None and ends[key] >= story["days"][number] and row["decision"] == "declined":
                    del ends[key]  # withdrawn: what is granted later is another line
                continue
            if key in ends and end != ends[key]:
                assert number >= RENEWED_AT, f"run {number}: an end moved from {ends[key]} to {end}"
                assert ends[key] <= story["days"][RENEWED_AT], "its renewal was not signed"
                seen["renewed"] += 1
            seen["kept"] += key in ends
            ends[key] = end
    assert seen["kept"] > 500
    assert seen["renewed"] > 5


def test_a_line_that_is_over_waits_for_its_renewal(story):
    before, after = story["told"][RENEWED_AT - 1], story["told"][RENEWED_AT]
    due = [key for key, row in before.items() if "RENEWAL_DUE" in row["reason_codes"]]
    assert len(due) > 5
    assert all(before[key]["decision"] != "granted" and before[key]["limit_yuan"] == 0 for key in due)
    again = [key for key in due if after[key]["decision"] == "granted"]
    assert len(again) > 5
    assert all(after[key]["valid_from"] > story["days"][RENEWED_AT] for key in again)
    assert int(story["people"]["renewed"]) >= len(due)


def test_each_diff_adds_up_to_the_change_in_the_sum_of_limits(story):
    assert [said for said, _ in story["diffs"][1:]] == [found for _, found in story["diffs"][1:]]
    assert sum(1 for said, _ in story["diffs"][1:] if said) > RUNS // 2, "incomes move limits nearly every time"


def test_a_hold_and_a_verdict_survive_every_scoring(story):
    held, reviewed = story["people"]["held"], story["people"]["reviewed"]
    for number in range(HELD + 1, RELEASED + 1):
        assert story["told"][number][held]["reason_codes"][0] == "HELD"
    assert "HELD" not in story["told"][RELEASED + 1][held]["reason_codes"]
    grounds = set(story["told"][REVIEWED][reviewed]["reason_codes"])
    said = 0
    for lines in story["told"][2:]:
        codes = lines[reviewed]["reason_codes"]
        if set(codes) - {"REVIEW_DECLINED"} == grounds:  # while its grounds stand
            assert (codes[0], lines[reviewed]["decision"]) == ("REVIEW_DECLINED", "declined")
            said += 1
    assert said > 5


def test_each_line_is_due_for_review_within_a_year(story):
    for day, lines in zip(story["days"], story["told"], strict=True):
        for row in lines.values():
            if row["valid_to"] is not None and row["valid_to"] >= day:
                assert day <= row["review_due_on"] <= min(row["valid_to"], day.replace(year=day.year + 1, day=2))
    connection = duckdb.connect(str(story["store"].warehouse), read_only=True)
    events = dict(connection.execute("SELECT event, count(*) FROM events GROUP BY event").fetchall())
    connection.close()
    assert events["line_ends"] > 5
    assert events["renewal_due"] > 5


@pytest.mark.parametrize(
    ("number", "policy", "model", "stress"),
    [
        (SECOND_POLICY - 1, "limit_policy.toml", "first", 70),
        (SECOND_POLICY, "later_policy.toml", "first", 60),
        (SECOND_MODEL - 1, "later_policy.toml", "first", 60),
        (SECOND_MODEL, "later_policy.toml", "second", 60),
    ],
)
def test_the_account_of_a_day_gives_the_figures_policy_and_model_of_that_day(story, number, policy, model, stress):
    lines, day = story["told"][number], story["days"][number]
    key = by_unit(story["store"], story["last"], [k for k, row in lines.items() if row["decision"] == "granted"])[0]
    for on in (day, day.replace(day=27)):  # until the next publication
        found = tell.explain(story["store"], key, on)
        assert (found["versions"]["policy"], found["versions"]["scorecard"]) == (policy, model)
        assert found["decision"]["limit_yuan"] == lines[key]["limit_yuan"]
        waterfall = found["waterfall"]
        assert waterfall["stressed_yuan"] == waterfall["income_yuan"] * stress // 100
