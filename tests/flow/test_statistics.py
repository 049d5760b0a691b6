"""What comes back stands in figures: two counties over a year, what each month's end had, and what it adds up to."""

from __future__ import annotations

import csv
import html
import re
import shutil
from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, SIGNER, Scored, copy_of, on_day, put_in_force, request_of
from tests.flow.test_one_product import refer
from tests.flow.test_receipts import _after_every_receipt  # noqa: F401  # the day of its receipts
from tests.flow.test_usage import HEADERS, key_of, sent
from tests.pages import rows_of
from village_credit.errors import MissingInput, UsageError, VerificationFailed
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.publish.outbox import refresh_warehouse
from village_credit.report.place_parts import Waits
from village_credit.services.approval.rollback import roll_back
from village_credit.services.approval.withdraw import withdraw
from village_credit.services.casework import holds
from village_credit.services.keeping import erase as erasing
from village_credit.services.queries.anchors import verify_ledger
from village_credit.services.queries.place import drawn_place, page_of_place
from village_credit.services.rules import read_policy
from village_credit.services.scoring import stage as score
from village_credit.services.servicing.acknowledge import acknowledge
from village_credit.services.servicing.usage import record_usage
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

NEIGHBOUR, UNPUBLISHED = "659999", "653199"  # one of the same prefecture, and one of another
POLICY = MODELS / "limit_policy.toml"
LEVELS = ("village", "township", "county", "prefecture", "region")
NOT_ADDED = ("level", "place_code", "product", "month", "counted_on", "year_before_yuan")
PLAN = "campaign,county_code,from,to,planned_yuan,purposes"
PLANS = (
    f"冬储,{COUNTY_OF_TESTS},2027-11-01,2027-11-30,50000,种子",
    f"冬储,{COUNTY_OF_TESTS},2027-11-01,2027-11-30,30000,化肥、农药",
)


@dataclass(frozen=True)
class Story:
    """The store, as it was before its last publication too, the quiet county's rows as its branch got them."""

    store: Store
    early: Store
    rows: list[dict[str, str]]
    published: dict[str, str]  # publications by what they were


def view(store: Store, query: str, **values: Any) -> list[tuple[Any, ...]]:
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    try:
        return connection.execute(query, values or None).fetchall()
    finally:
        connection.close()


def figures(store: Store, columns: str, level: str, place: str) -> dict[str, tuple[Any, ...]]:
    """A place's figures of all products by month."""
    query = f"SELECT month, {columns} FROM statistics WHERE product = 'all' AND level = $level AND place_code = $place"
    return {month: tuple(row) for month, *row in view(store, query, level=level, place=place)}


def publish_on(store: Store, inbox: Path, county: str, day: date, product: str | None = None) -> str:
    with on_day(day):
        run = score.score_inbox(store, inbox, request_of(county, day, product=product))
        return put_in_force(store, run.run_id).publication_id


@pytest.fixture(scope="module")
def story(quiet: Scored, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """A year: receipts, contracts, draws over months' ends, a hold, a batch, a neighbour withdrawn and brought back."""
    folder = tmp_path_factory.mktemp("statistics")
    store = copy_of(quiet, folder).store
    inbox = folder / "inbox"
    shutil.copytree(quiet.inbox, inbox)
    for county, villages, households in ((NEIGHBOUR, 2, 40), (UNPUBLISHED, 1, 20)):
        synthesize(inbox, county, villages, households, 11, date(2026, 11, 1), "none")
    rows = sent(store)
    taken = iter(range(100))

    def take(day: date, name: str, *lines: str) -> None:
        path = folder / f"{next(taken)}.csv"
        path.write_text("\n".join([HEADERS[name], *lines, ""]), encoding="utf-8")
        with on_day(day):
            record_usage(store, path, "6006")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
        published = {"first": Ledger.of(store).publications[0].publication_id}
        take(date(2026, 11, 8), "合同", *(f"{rows[n]['household_ref']},HT-{n},2026-11-06,counter" for n in (0, 1)))
        with on_day(date(2026, 12, 1)):
            score.score_inbox(store, inbox, request_of(UNPUBLISHED, date(2026, 12, 1)))
        published["neighbour"] = publish_on(store, inbox, NEIGHBOUR, date(2026, 12, 2))
        answer(store, folder / "receipt.csv", published["first"], rows)
        with on_day(date(2026, 12, 10)):
            holds.hold(store, key_of(store, rows[4]), SIGNER, "test")
        refer(inbox, [rows[5], rows[6]])
        published["batch"] = publish_on(store, inbox, COUNTY_OF_TESTS, date(2026, 12, 20), "trader_loan")
        draws = ("HT-0,20000,2026-11-07,seed", "HT-1,5000,2026-12-31,fertiliser", "HT-1,3000,2027-01-01,seed")
        take(date(2027, 1, 5), "用信", *draws)
        take(date(2027, 1, 5), "还款", "HT-0,8000,2026-12-20")
        with on_day(date(2027, 2, 10)):
            holds.release(store, key_of(store, rows[4]), SIGNER, "test")
        with on_day(date(2027, 3, 5)):
            withdraw(store, NEIGHBOUR, SIGNER, "test")
        early = copy_of(Scored(store, inbox, COUNTY_OF_TESTS, quiet.run), folder / "early").store
        with on_day(date(2027, 4, 5)):
            roll_back(store, NEIGHBOUR, published["neighbour"], SIGNER, "test")
        (inbox / COUNTY_OF_TESTS / "信贷投放计划.csv").write_text("\n".join([PLAN, *PLANS, ""]), encoding="utf-8")
        published["last"] = publish_on(store, inbox, COUNTY_OF_TESTS, date(2027, 11, 15))
        draws = ("HT-1,1500,2027-11-10,seed", "HT-1,700,2027-11-12,", "HT-1,90,2027-11-15,trade")
        take(date(2027, 11, 15), "用信", *draws)
    refresh_warehouse(store)
    refresh_warehouse(early)
    return Story(store, early, rows, published)


def answer(store: Store, path: Path, told: str, rows: list[dict[str, str]]) -> None:
    """The branch imports one line, takes 10,000 yuan off another, and refuses a third."""
    less = int(rows[1]["limit_yuan"]) - 10_000
    lines = [
        f"{told},{rows[0]['household_ref']},imported,,2026-11-05,",
        f"{told},{rows[1]['household_ref']},changed,x,2026-11-05,{less}",
        f"{told},{rows[2]['household_ref']},refused,x,2026-12-04,",
    ]
    header = "publication_id,household_ref,outcome,reason,at,branch_limit_yuan"
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    with on_day(date(2026, 12, 5)):
        acknowledge(store, path, "6006", POLICY)


def registers(store: Store, county: str, publication_id: str) -> list[dict[str, str]]:
    """The lines in force as the registers of a publication's packages have them."""
    rows: list[dict[str, str]] = []
    for path in sorted((store.root / "outbox" / county / publication_id).glob("*/register.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += list(csv.DictReader(file))
    return rows


def counted_days(store: Store) -> dict[str, date]:
    return dict(view(store, "SELECT DISTINCT month, counted_on FROM statistics ORDER BY month"))


# what stood at a month's end


@pytest.mark.parametrize("county", [COUNTY_OF_TESTS, NEIGHBOUR])
def test_each_month_s_figures_are_those_of_the_lines_in_force_on_its_last_day(story: Story, county: str):
    ledger, found = Ledger.of(story.store), figures(story.store, "households, credited_households, in_force_yuan",
                                                    "county", county)  # fmt: skip
    days = counted_days(story.store)
    assert set(found) == {month for month, day in days.items() if county == COUNTY_OF_TESTS or day >= date(2026, 12, 2)}
    for month, told in found.items():
        lines = lines_in_force(story.store, ledger, county, days[month]).to_pylist()
        credited = {line["household_key"] for line in lines if line["decision"] == "granted"}
        everybody = {line["household_key"] for line in lines}
        assert told == (len(everybody), len(credited), sum(line["limit_yuan"] for line in lines)), month


def test_products_add_up_to_the_yuan_and_a_household_of_two_counts_once(story: Story):
    query = """
        SELECT month, sum(in_force_yuan) FILTER (product <> 'all') - max(in_force_yuan) FILTER (product = 'all'),
            sum(households) FILTER (product <> 'all') - max(households) FILTER (product = 'all')
        FROM statistics WHERE level = 'county' AND place_code = $county GROUP BY month ORDER BY month"""
    beyond = {month: (yuan, more) for month, yuan, more in view(story.store, query, county=COUNTY_OF_TESTS)}
    assert {yuan for yuan, _ in beyond.values()} == {0}
    two = [key for key, count in Counter(lines_then(story, date(2026, 12, 31))).items() if count > 1]
    assert len(two) >= 1
    assert (beyond["2026-11"][1], beyond["2026-12"][1]) == (0, len(two))


def lines_then(story: Story, day: date) -> list[str]:
    """The household of each line of the county that stood on a day."""
    found = lines_in_force(story.store, Ledger.of(story.store), COUNTY_OF_TESTS, day)
    return [str(key) for key in found.column("household_key").to_pylist()]


@pytest.mark.parametrize(("name", "county", "month"), [
    ("neighbour", NEIGHBOUR, "2026-12"), ("last", COUNTY_OF_TESTS, "2027-11"),
])  # fmt: skip
def test_what_is_in_force_is_what_the_branches_registers_come_to(story: Story, name: str, county: str, month: str):
    told: Counter[str] = Counter()
    for row in registers(story.store, county, story.published[name]):
        told[row["product"]] += int(row["limit_yuan"])
    query = """
        SELECT product, in_force_yuan FROM statistics
        WHERE level = 'county' AND place_code = $county AND month = $month AND product <> 'all'"""
    found = dict(view(story.store, query, county=county, month=month))
    assert {product: yuan for product, yuan in found.items() if yuan} == {p: yuan for p, yuan in told.items() if yuan}
    assert sum(told.values()) > 100_000


def test_each_level_is_the_sum_of_the_one_below(story: Story):
    described = view(story.store, "SELECT column_name, column_type FROM (DESCRIBE statistics)")
    added = [name for name, kind in described if kind != "DOUBLE" and name not in NOT_ADDED]
    assert len(added) > 15
    above = "CASE level WHEN 'village' THEN 9 WHEN 'township' THEN 6 WHEN 'county' THEN 4 WHEN 'prefecture' THEN 2 END"
    sums = ", ".join(f"sum({name})" for name in added)
    query = (
        f"SELECT left(place_code, {above}), product, month, {sums} FROM statistics WHERE level = $level GROUP BY ALL"
    )
    told = f"SELECT place_code, product, month, {', '.join(added)} FROM statistics WHERE level = $level"
    for below, level in pairwise(LEVELS):
        summed = view(story.store, f"{query} ORDER BY ALL", level=below)
        assert summed == view(story.store, f"{told} ORDER BY ALL", level=level), level


def test_the_two_counties_are_one_prefecture(story: Story):
    names = "villages, households, in_force_yuan"
    one, other = (figures(story.store, names, "county", county) for county in (COUNTY_OF_TESTS, NEIGHBOUR))
    both = figures(story.store, names, "prefecture", COUNTY_OF_TESTS[:4])
    assert both["2026-12"] == tuple(map(sum, zip(one["2026-12"], other["2026-12"], strict=True)))
    assert both["2026-11"] == one["2026-11"]
    assert "2026-11" not in other


def test_a_county_that_was_only_scored_is_nowhere(story: Story):
    assert view(story.store, "SELECT count(*) FROM statistics WHERE place_code LIKE '6531%'") == [(0,)]
    assert view(story.store, "SELECT count(*) FROM funnel WHERE county_code = '653199'") == [(0,)]
    assert view(story.store, "SELECT count(*) FROM branches WHERE county_code = '653199'") == [(0,)]


def test_a_withdrawn_county_has_noughts_until_it_is_brought_back(story: Story):
    found = figures(story.store, "villages, villages_covered, households, in_force_yuan, newly_credited_households",
                    "county", NEIGHBOUR)  # fmt: skip
    assert found["2027-03"] == (2, 0, 0, 0, 0)
    assert found["2027-04"][:4] == found["2027-02"][:4]
    assert found["2027-02"][3] > 0
    assert found["2027-04"][4] == 0  # credited before: nobody is new


def test_growth_is_null_where_nothing_stood_a_year_before_and_never_a_nought(story: Story):
    names = "in_force_yuan, year_before_yuan, growth_share"
    mine, other = (figures(story.store, names, "county", county) for county in (COUNTY_OF_TESTS, NEIGHBOUR))
    now, before, growth = mine["2027-11"]
    assert before == mine["2026-11"][0]
    assert growth == pytest.approx(now / before - 1)
    assert {row[1:] for month, row in mine.items() if month != "2027-11"} == {(None, None)}
    assert {row[1:] for row in other.values()} == {(None, None)}


def test_who_is_held_at_a_month_s_end_is_not_credited_then_and_is_not_new_afterwards(story: Story):
    found = figures(story.store, "credited_households, newly_credited_households", "county", COUNTY_OF_TESTS)
    assert found["2027-02"][0] == found["2027-01"][0] + 1
    assert found["2026-11"] == (found["2026-11"][0],) * 2
    assert {new for month, (_, new) in found.items() if month > "2026-12"} == {0}


# what came back


def test_draws_and_repayments_count_by_their_own_days_in_china(story: Story):
    names = "drawn_yuan, drawn_in_month_yuan, drawn_households"
    found = figures(story.store, names, "county", COUNTY_OF_TESTS)
    assert found["2026-11"] == (Decimal(20_000), Decimal(20_000), 1)
    assert found["2026-12"] == (Decimal(17_000), Decimal(5_000), 2)
    assert found["2027-01"] == (Decimal(20_000), Decimal(3_000), 2)
    assert found["2027-02"] == (Decimal(20_000), Decimal(0), 2)
    assert found["2027-11"] == (Decimal(22_290), Decimal(2_290), 2)
    shares = figures(story.store, "drawn_share, drawn_yuan / in_force_yuan", "county", COUNTY_OF_TESTS)
    assert all(share == pytest.approx(float(told)) for share, told in shares.values())
    assert figures(story.store, "drawn_share", "county", NEIGHBOUR)["2027-03"] == (None,)


def test_contracts_stand_by_the_size_of_their_line(story: Story):
    sizes = figures(story.store, "contracts, contracts_to_100k + contracts_to_200k + contracts_from_200k", "county",
                    COUNTY_OF_TESTS)  # fmt: skip
    assert set(sizes.values()) == {(2, 2)}


def test_a_way_to_a_draw_only_ever_narrows(story: Story):
    query = """
        SELECT f.village_code, f.stage, f.households, b.households FROM funnel AS f
        JOIN funnel AS b ON b.village_code = f.village_code AND b.stage = f.follows"""
    rows = view(story.early, query)
    assert len(rows) > 8 * 5
    assert [row for row in rows if row[2] > row[3]] == []


def test_each_stage_counts_who_has_come_so_far(story: Story):
    query = "SELECT stage, CAST(sum(households) AS BIGINT) FROM funnel WHERE county_code = $county GROUP BY ALL"
    found = dict(view(story.early, query, county=COUNTY_OF_TESTS))
    lines = lines_in_force(story.early, Ledger.of(story.early), COUNTY_OF_TESTS).to_pylist()
    assert found["registered"] == len({line["household_key"] for line in lines})
    assert found["granted"] == found["told"]
    assert found["granted"] == len({line["household_key"] for line in lines if line["decision"] == "granted"})
    # one was imported, one changed, one refused; two signed and drew, and both owe
    assert {name: found[name] for name in ("imported", "contracted", "drawn", "owing")} == {
        "imported": 2, "contracted": 2, "drawn": 2, "owing": 2,
    }  # fmt: skip


def test_a_branch_s_answers_are_counted_and_what_it_owes_is_told_since_when(story: Story):
    names = "lines_told, lines_imported, lines_changed, lines_refused, answers_open, answers_overdue, open_since"
    query = f"SELECT {names}, lines_contracted, lines_drawn, drawn_yuan FROM branches WHERE branch_code = '0071'"
    ((told, *rest),) = view(story.early, f"{query} AND county_code = $county", county=COUNTY_OF_TESTS)
    new = 2  # the batch's lines are told later
    assert rest[:3] == [1, 1, 1]
    assert rest[3] == told - 3
    assert told - 3 - new <= rest[4] < told - 3  # packages of November have expired, the batch's have not
    assert rest[5:] == [date(2026, 11, 1), 2, 2, Decimal(20_000)]


def test_what_is_told_on_other_terms_is_to_be_answered_anew(story: Story):
    query = (
        "SELECT lines_imported + lines_changed + lines_refused, open_since FROM branches WHERE county_code = $county"
    )
    found = view(story.store, query, county=COUNTY_OF_TESTS)
    assert {answered for answered, _ in found} == {0}
    assert {since for _, since in found} == {date(2027, 11, 15)}
    ((_, since),) = view(story.store, query, county=NEIGHBOUR)
    assert since == date(2026, 12, 2)  # brought back as it was: told since then


def test_a_campaign_s_plan_stands_beside_what_was_drawn_and_the_year_before(story: Story):
    query = """
        SELECT purpose, day, is_planned, planned_yuan, drawn_yuan, drawn_to_date_yuan, year_before_yuan,
            year_before_to_date_yuan FROM campaigns WHERE campaign = '冬储' ORDER BY purpose, day"""
    found = {(purpose, day.day): tuple(rest) for purpose, day, *rest in view(story.store, query)}
    assert {day for _, day in found} == set(range(1, 16))  # up to the last act
    assert {purpose for purpose, _ in found} == {"all", "seed", "fertiliser", "pesticide", "trade", "not_told"}
    assert found["seed", 7] == (True, 50_000, 0, 0, 20_000, 20_000)
    assert found["seed", 15] == (True, 50_000, 0, 1_500, 0, 20_000)
    assert found["fertiliser", 15] == (True, None, 0, 0, 0, 0)  # planned with another, not divided
    assert found["trade", 15] == (False, None, 90, 90, 0, 0)
    assert found["not_told", 12] == (False, None, 700, 700, 0, 0)
    assert found["all", 10] == (True, 80_000, 1_500, 1_500, 0, 20_000)
    assert view(story.early, "SELECT count(*) FROM campaigns") == [(0,)]


# what changes none of it


def test_an_erased_household_stays_in_every_count(story: Story, tmp_path: Path):
    store = copy_of(Scored(story.early, tmp_path, COUNTY_OF_TESTS, None), tmp_path).store  # type: ignore[arg-type]
    told = (
        "SELECT * EXCLUDE (counted_on) FROM statistics WHERE month < '2027-03' ORDER BY ALL",
        "FROM funnel ORDER BY ALL",
    )
    before = [view(story.early, query) for query in told]
    lines = lines_in_force(store, Ledger.of(store), COUNTY_OF_TESTS).to_pylist()
    key = next(line["household_key"] for line in lines if line["decision"] == "declined" and not line["limit_yuan"])
    policy, _ = read_policy(POLICY)
    with on_day(date(2027, 3, 6)):
        request = erasing.Request((key,), (), "3003", "4004", "request", policy, date(2027, 3, 6))
        assert erasing.erase(store, request).households == [key]
    refresh_warehouse(store)
    assert [view(store, query) for query in told] == before


def test_no_figure_names_a_household(story: Story):
    named = "'statistics', 'funnel', 'branches', 'campaigns'"
    columns = view(story.store, f"SELECT column_name FROM duckdb_columns() WHERE table_name IN ({named})")
    assert len(columns) > 40
    assert not {"household_key", "contract_key", "filename"} & {name for (name,) in columns}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the story says has happened."""
    monkeypatch.setattr("village_credit.services.queries.place.today", lambda: date(2099, 12, 31))


def cards_of(page: str) -> list[str]:
    return re.findall(r'<bdi dir="ltr">(.*?)</bdi>', page.split("<nav", 1)[0])


@pytest.mark.parametrize("place", ["65", COUNTY_OF_TESTS])
def test_a_page_of_a_place_has_what_statistics_say_of_it_on_a_day(story: Story, place: str, later: None):
    level = {2: "region", 4: "prefecture", 6: "county"}[len(place)]
    by_month = figures(story.store, "credited_households, in_force_yuan, counted_on", level, place)
    for month in (min(by_month), max(by_month)):
        credited, in_force, counted = by_month[month]
        page = page_of_place(story.store, place, counted)
        assert cards_of(page)[:2] == [f"{credited:,}", f"{in_force:,}"]
        assert [row[0] for row in rows_of(page, "series")] == [each for each in reversed(by_month) if each <= month]


def test_a_region_s_page_has_a_row_a_county_with_what_is_on_the_way_and_waits(story: Story, later: None):
    page = page_of_place(story.store, "65", date(2027, 12, 31))
    assert page == page_of_place(story.store, "65", date(2027, 12, 31))
    rows = {row[0]: row for row in rows_of(page, "counties")}
    codes = {re.search(r"\d{6}", name)[0]: row for name, row in rows.items()}
    assert set(codes) == {COUNTY_OF_TESTS, NEIGHBOUR, UNPUBLISHED}
    assert codes[UNPUBLISHED][6:8] == ["无", "2026-12-01 待签批"]
    assert "等待签批的批次 1" in codes[UNPUBLISHED][8]
    assert codes[COUNTY_OF_TESTS][6] > "2026"
    days = [int(row[11] or -1) for row in rows.values()]
    assert days == sorted(days, reverse=True)


def test_a_region_s_page_says_who_waits_where_and_adds_up_prefectures(story: Story, later: None):
    page = page_of_place(story.store, "65", date(2027, 12, 31))
    waits = rows_of(page, "waiting")
    assert [UNPUBLISHED in row[0] for row in waits if row[1] == "等待签批的批次"] == [True]
    days = [int(row[5]) for row in waits]
    assert days == sorted(days, reverse=True)
    assert f"最久 {days[0]} 天" in page
    prefectures = {row[0]: row[1:] for row in rows_of(page, "prefectures")}
    ((name, row),) = prefectures.items()  # of the county that has nothing in force nothing is added up
    assert name == f"地州 {COUNTY_OF_TESTS[:4]}"
    by_month = figures(story.store, "credited_households, in_force_yuan, counted_on", "prefecture", COUNTY_OF_TESTS[:4])
    credited, in_force, counted = by_month[max(by_month)]
    assert row[:3] == ["2", f"{in_force:,}", f"{credited:,}"]
    assert str(counted) in page
    chosen = page.split('<select id="choice">', 1)[1].split("</select>")[0]
    assert re.findall(r'value="(\d+)"', chosen) == [UNPUBLISHED[:4], COUNTY_OF_TESTS[:4]]
    assert page.split('data-name="counties"', 1)[1].split("</table>")[0].count(f'data-t="{COUNTY_OF_TESTS[:4]}"') == 2


def test_what_waits_of_few_households_is_not_counted():
    few, many, run = (Waits(COUNTY_OF_TESTS, what, n, "2026-11-01", 3) for what, n in
                      (("review", 29), ("answer", 30), ("signature", 1)))  # fmt: skip
    assert [few.told, many.told, run.told] == [None, 30, 1]


def test_a_county_s_page_tells_no_few_households(story: Story, later: None):
    page = page_of_place(story.store, COUNTY_OF_TESTS, date(2027, 12, 31))
    for name, places in {
        "townships": [2],
        "villages": [3],
        "products": [1, 4, 5],
        "branches": [2, 3, 4],
        "funnel": [1],
    }.items():
        told = [row[place] for row in rows_of(page, name) for place in places]
        assert all(count in {"—", "0"} or int(count.replace(",", "")) >= 30 for count in told), (name, told)
    assert ["冬储", "2027-11-01 – 2027-11-30", "80,000"] in [row[:3] for row in rows_of(page, "campaigns")]


def test_a_page_says_of_which_day_its_figures_are_and_a_line_past_its_last_day_counts(story: Story, later: None):
    """In mid-month these are the figures of the month before."""
    page, stood_on = drawn_place(story.store, COUNTY_OF_TESTS, date(2027, 11, 14))
    assert stood_on == date(2027, 10, 31)
    assert "数字为 2027-10-31（2027-10 的统计日）的情况" in re.sub("<[^>]+>", "", page)
    assert "已到期的授信在下次发布前仍计入" in page
    assert "所以三者不同" in page


def test_a_county_s_page_names_the_runs_in_force_who_signed_them_and_what_does_not_pass(story: Story, later: None):
    page = page_of_place(story.store, COUNTY_OF_TESTS, date(2027, 12, 31))
    publications = Ledger.of(story.store).in_force_of(COUNTY_OF_TESTS)
    runs = {row[0]: row for row in rows_of(page, "in_force")}
    assert set(runs) == {one.run_id for one in publications}
    assert {row[3] != row[4] for row in runs.values()} == {True}  # never the preparer
    verdicts = {row[1] for row in rows_of(page, "gates")}
    assert verdicts
    assert "通过" not in verdicts
    named = {row[0]: row[1] for row in rows_of(page, "villages")}
    assert all(named.values())


@pytest.mark.parametrize("day", [date(2026, 12, 31), date(2027, 12, 31)])
def test_whoever_keeps_a_page_can_show_what_the_ledger_was(story: Story, tmp_path: Path, later: None, day: date):
    (text,) = re.findall(r"<pre[^>]*>(.*?)</pre>", page_of_place(story.store, "65", day), flags=re.DOTALL)
    kept = tmp_path / "checkpoint"
    kept.write_text(html.unescape(text), encoding="utf-8")
    then = Ledger.of(story.store).until(day)
    assert int(kept.read_text("utf-8").splitlines()[1]) == len(then) > 0
    verify_ledger(story.store, [], [kept])
    kept.write_text(html.unescape(text).replace(f"\n{len(then)}\n", f"\n{len(then) - 1}\n"), encoding="utf-8")
    with pytest.raises(VerificationFailed):
        verify_ledger(story.store, [], [kept])


def test_of_a_past_day_nothing_is_told_that_views_know_of_today_alone(story: Story, later: None):
    page = page_of_place(story.store, COUNTY_OF_TESTS, date(2026, 12, 31))
    assert 'id="series-part"' in page
    assert 'id="funnel-part"' not in page
    assert 'id="branches-part"' not in page


def test_no_page_is_written_of_a_place_or_day_of_which_nothing_is_known(story: Story, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("village_credit.services.queries.place.today", lambda: date(2027, 12, 31))
    for place in ("6", "65990", "65990a", "６５", "659900000"):
        with pytest.raises(UsageError, match="2 digits are the region"):
            page_of_place(story.store, place, date(2027, 1, 1))
    with pytest.raises(UsageError, match="yet to come"):
        page_of_place(story.store, "65", date(2028, 1, 1))
    for place, day in ((UNPUBLISHED, date(2027, 1, 1)), ("65", date(2026, 10, 31))):
        with pytest.raises(MissingInput, match="nothing was in force"):
            page_of_place(story.store, place, day)


def test_a_draw_of_another_county_s_contract_counts_where_the_contract_s_household_lives(story: Story, tmp_path: Path):
    """The core system knows contracts, not counties: one file may tell of both."""
    store = copy_of(Scored(story.store, tmp_path, COUNTY_OF_TESTS, None), tmp_path / "both").store  # type: ignore[arg-type]
    theirs = registers(store, NEIGHBOUR, story.published["neighbour"])[0]
    asked = "drawn_in_month_yuan"
    before = {county: figures(store, asked, "county", county)["2027-11"] for county in (COUNTY_OF_TESTS, NEIGHBOUR)}
    lines = {"合同": f"{theirs['household_ref']},HT-N,2027-11-10,counter", "用信": "HT-N,400,2027-11-16,seed"}
    for name, text in lines.items():
        path = tmp_path / f"{name}.csv"
        path.write_text("\n".join([HEADERS[name], text, ""]), encoding="utf-8")
        with on_day(date(2027, 11, 16)):
            done = record_usage(store, path, "6006")
        assert done.counts["accepted"] == 1
    refresh_warehouse(store)
    after = {county: figures(store, asked, "county", county)["2027-11"] for county in (COUNTY_OF_TESTS, NEIGHBOUR)}
    assert after[COUNTY_OF_TESTS] == before[COUNTY_OF_TESTS]
    assert after[NEIGHBOUR][0] - before[NEIGHBOUR][0] == 400
