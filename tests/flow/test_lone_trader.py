"""A sole trader on no register: granted by what was settled for him, or by what a person found out; else nobody can."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow.parquet as pq
import pytest

from tests.conftest import COUNTY_OF_TESTS, MODELS, Scored, new_store, on_day, put_in_force, request_of
from tests.unit.link.test_join import number
from village_credit.errors import UsageError
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.reviews import supplied_facts
from village_credit.services.casework.reviews import apply_reviews, export_reviews
from village_credit.services.queries.explain import explain
from village_credit.services.scoring import stage
from village_credit.store.store import Store
from village_credit.synthetic import synthesize
from village_credit.workbooks.decision_workbook import VERDICT_HEADER
from village_credit.workbooks.reviews import (
    AMOUNT_HEADER,
    DAY_HEADER,
    EVIDENCE_HEADER,
    HOUSEHOLD_HEADER,
    INCOME_HEADER,
    KIND_HEADER,
    TRIED_HEADER,
)

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)
REVIEWER, POLICY = "2002", MODELS / "limit_policy.toml"
LIST = "县政府办/个体户推荐名单.csv"
SETTLED = "信用社/科技部/商户结算流水.csv"
MONTHS = [f"{2025 + (10 + k) // 12}-{(10 + k) % 12 + 1:02d}" for k in range(12)]


def lone_codes(store: Store, run_id: str) -> dict[str, str]:
    """Traders on no register by household_key: their credit codes."""
    rows = pq.read_table(io.BytesIO(store.open_identities(run_id))).to_pylist()
    return {row["household_key"]: row["unit_code"][1:] for row in rows if row["unit_code"].startswith("T")}


def settle(inbox: Path, codes: Iterable[str], yuan: int, months: list[str] = MONTHS) -> None:
    path = inbox / COUNTY_OF_TESTS / SETTLED
    lines = [f"{code},{month},{yuan}" for code in codes for month in months]
    path.write_text("\n".join(["统一社会信用代码,月份,结算金额(元)", *lines, ""]), encoding="utf-8")


def decided(store: Store, run_id: str) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for name in ("waterfall", "decisions"):
        for row in pq.read_table(store.run_folder(run_id) / f"{name}.parquet", partitioning=None).to_pylist():
            rows.setdefault(row["household_key"], {}).update(row)
    return rows


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    folder = tmp_path_factory.mktemp("lone")
    synthesize(folder / "inbox", COUNTY_OF_TESTS, 3, 200, 7, FIRST, "none")
    listed = folder / "inbox" / COUNTY_OF_TESTS / LIST
    header, *_, last = listed.read_text(encoding="utf-8-sig").splitlines()  # the county's outsiders come last
    another = dict(zip(header.split(","), last.split(","), strict=True)) | {
        "经营者姓名": "某外人",
        "身份证号": number("19800303", 77),
        "统一社会信用代码": "92659900MA00000011",
    }
    with listed.open("a", encoding="utf-8") as file:
        file.write(",".join(another.values()) + "\r\n")
    store = new_store(folder)
    with on_day(FIRST):
        run = stage.score_inbox(store, folder / "inbox", request_of(COUNTY_OF_TESTS, FIRST))
    return Scored(store, folder / "inbox", COUNTY_OF_TESTS, run)


def copied(county: Scored, folder: Path) -> tuple[Store, Path]:
    shutil.copytree(county.store.root, folder / "store")
    shutil.copy(county.store.root.parent / "keys", folder / "keys")
    return new_store(folder), Path(shutil.copytree(county.inbox, folder / "inbox"))


def test_nobody_is_granted_where_nobody_knows_his_income(county: Scored):
    found = decided(county.store, county.run.run_id)
    lone = lone_codes(county.store, county.run.run_id)
    assert len(lone) >= 2
    assert {found[key]["decision"] for key in lone} == {"manual_review"}


def test_what_was_settled_for_a_trader_is_his_income(county: Scored, tmp_path: Path):
    store, inbox = copied(county, tmp_path)
    lone = lone_codes(store, county.run.run_id)
    settle(inbox, lone.values(), 60_000)
    run = stage.score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, SECOND))
    found = decided(store, run.run_id)
    income = 60_000 * 12 * 20 // 100 * 60 // 100  # the margin, then the recognised share
    assert {found[key]["income_yuan"] for key in lone} == {income}
    granted = [key for key in lone if found[key]["decision"] == "granted"]
    assert granted
    assert all(found[key]["limit_yuan"] == found[key]["policy_limit_yuan"] > 0 for key in granted)
    others = set(found) - set(lone)
    before = decided(store, county.run.run_id)
    assert all(found[key]["income_yuan"] == before[key]["income_yuan"] for key in others)


def fill(path: Path, out: Path, key: str, cells: dict[str, str]) -> Path:
    """Write a person's answer beside one household."""
    book = openpyxl.load_workbook(path)
    page = book.active
    headers = [cell.value for cell in page[4]]
    row = next(row for row in page.iter_rows(min_row=5) if row[headers.index(HOUSEHOLD_HEADER)].value == key)
    for header, text in cells.items():
        row[headers.index(header)].value = text
    book.save(out)
    return out


FACT = {
    VERDICT_HEADER: "授信",
    INCOME_HEADER: "120000",
    KIND_HEADER: "经营",
    EVIDENCE_HEADER: "核字〔2026〕7号",
    DAY_HEADER: "2026-11-01",
}


def test_a_person_who_finds_the_income_out_can_say_yes(county: Scored, tmp_path: Path):
    store, inbox = copied(county, tmp_path)
    run_id = county.run.run_id
    key = min(lone_codes(store, run_id))
    export_reviews(store, run_id, tmp_path / "复核.xlsx")
    page = openpyxl.load_workbook(tmp_path / "复核.xlsx").active
    headers = [cell.value for cell in page[4]]
    asked = next(row for row in page.iter_rows(min_row=5, values_only=True) if key in row)
    tried = [int(text.replace(",", "")) for text in asked[headers.index(TRIED_HEADER)].split(" / ")]
    assert tried == sorted(tried)
    filled = fill(tmp_path / "复核.xlsx", tmp_path / "答复.xlsx", key, FACT)
    assert apply_reviews(store, filled, REVIEWER, POLICY).supplied == 1
    run = stage.score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, SECOND))
    row = decided(store, run.run_id)[key]
    assert row["income_yuan"] == 72_000
    assert row["decision"] == "granted"
    assert row["limit_yuan"] == row["policy_limit_yuan"] == tried[2]  # what the workbook said of 120,000
    put_in_force(store, run.run_id)
    (said,) = explain(store, key)["reviews"]
    assert (said["by"], said["fact"]["evidence"], said["fact"]["income_yuan"]) == (REVIEWER, "核字〔2026〕7号", 120_000)
    assert decided(store, run.run_id)[sorted(lone_codes(store, run_id))[1]]["decision"] == "manual_review"


@pytest.mark.parametrize("day", ["2026-11-01", "20261101", "2026-11-01 00:00:00"])
def test_a_fact_is_kept_as_one_amount_and_one_day_however_they_are_written(county: Scored, tmp_path: Path, day: str):
    store, _ = copied(county, tmp_path)
    key = min(lone_codes(store, county.run.run_id))
    export_reviews(store, county.run.run_id, tmp_path / "复核.xlsx")
    cells = FACT | {INCOME_HEADER: "120,000", DAY_HEADER: day}
    apply_reviews(store, fill(tmp_path / "复核.xlsx", tmp_path / "答复.xlsx", key, cells), REVIEWER, POLICY)
    (fact,) = supplied_facts(Ledger.of(store), COUNTY_OF_TESTS, SECOND.isoformat())
    assert (fact["income_yuan"], fact["said_on"]) == (120_000, "2026-11-01")


def test_whoever_finds_it_out_may_lower_the_limit_and_never_raise_it(county: Scored, tmp_path: Path):
    store, inbox = copied(county, tmp_path)
    first, second, *_ = sorted(lone_codes(store, county.run.run_id))
    export_reviews(store, county.run.run_id, tmp_path / "复核.xlsx")
    lower = fill(tmp_path / "复核.xlsx", tmp_path / "1.xlsx", first, FACT | {AMOUNT_HEADER: "10000"})
    both = fill(lower, tmp_path / "2.xlsx", second, FACT | {AMOUNT_HEADER: "900000"})
    apply_reviews(store, both, REVIEWER, POLICY)
    found = decided(store, stage.score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, SECOND)).run_id)
    assert (found[first]["limit_yuan"], found[first]["binding_term"]) == (10_000, "review")
    assert found[second]["limit_yuan"] == found[second]["policy_limit_yuan"] < 900_000


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({INCOME_HEADER: "十二万"}, "no whole number"),
        ({INCOME_HEADER: "1²"}, "no whole number"),
        ({INCOME_HEADER: "9" * 5_000}, "no whole number"),
        ({KIND_HEADER: "其他"}, "is none of"),
        ({EVIDENCE_HEADER: ""}, "is empty"),
        ({EVIDENCE_HEADER: "659900198001010011"}, "a person's number"),
        ({DAY_HEADER: "上月"}, "is no day"),
        ({DAY_HEADER: "2999-01-01"}, "yet to come"),
        ({VERDICT_HEADER: "不授信"}, "goes with 授信 only"),
        ({AMOUNT_HEADER: "10500"}, "in steps of"),
    ],
)
def test_a_fact_without_its_evidence_is_refused_by_its_row(county: Scored, tmp_path: Path, cells, said):
    store, _ = copied(county, tmp_path)
    key = min(lone_codes(store, county.run.run_id))
    export_reviews(store, county.run.run_id, tmp_path / "复核.xlsx")
    filled = fill(tmp_path / "复核.xlsx", tmp_path / "答复.xlsx", key, FACT | cells)
    acts = len(Ledger.of(store))
    with pytest.raises(UsageError, match=said):
        apply_reviews(store, filled, REVIEWER, POLICY)
    assert len(Ledger.of(store)) == acts


def test_a_fact_does_not_replace_what_is_known(county: Scored, tmp_path: Path):
    store, _ = copied(county, tmp_path)
    found = decided(store, county.run.run_id)
    known = [
        key
        for key, row in found.items()
        if row["decision"] == "manual_review" and "NO_INCOME_SOURCE" not in row["reason_codes"]
    ]
    assert known
    export_reviews(store, county.run.run_id, tmp_path / "复核.xlsx")
    filled = fill(tmp_path / "复核.xlsx", tmp_path / "答复.xlsx", known[0], FACT)
    with pytest.raises(UsageError, match="no income is lacking"):
        apply_reviews(store, filled, REVIEWER, POLICY)


def referred_on(inbox: Path, day: date) -> None:
    """Let the whole list be of one day."""
    path = inbox / COUNTY_OF_TESTS / LIST
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "推荐日期": day.isoformat()} for row in rows)


def batch_of(store: Store, inbox: Path, day: date) -> str:
    """Score, sign and publish the referral list on a day."""
    with on_day(day):
        batch = stage.score_inbox(store, inbox, request_of(COUNTY_OF_TESTS, day, product="trader_loan"))
        put_in_force(store, batch.run_id)
    return batch.run_id


def clocks_of(store: Store) -> dict[str, tuple[str, date | None]]:
    """What the views say of each referral's decision."""
    connection = duckdb.connect(str(store.warehouse), read_only=True)
    rows = connection.execute("SELECT household_key, decision_clock, decided_on FROM referrals").fetchall()
    connection.close()
    return {key: (clock, day) for key, clock, day in rows}


@pytest.mark.parametrize(("later", "clock"), [(0, "same_day"), (9, "late")])
def test_the_same_clock_holds_for_whoever_is_decided_by_turnover_or_by_a_person(
    county: Scored, tmp_path: Path, later: int, clock: str
):
    """The one is granted on the day of the referral; the other when a person found out what he earns."""
    store, inbox = copied(county, tmp_path)
    lone = lone_codes(store, county.run.run_id)
    with on_day(FIRST):
        put_in_force(store, county.run.run_id)
    referred_on(inbox, SECOND)
    settled, supplied = sorted(lone)[:2]
    settle(inbox, [lone[settled]], 60_000)
    run_id = batch_of(store, inbox, SECOND)
    assert decided(store, run_id)[settled]["decision"] == "granted"
    assert clocks_of(store)[settled] == ("same_day", SECOND)
    assert clocks_of(store)[supplied] == ("open", None)
    export_reviews(store, run_id, tmp_path / "复核.xlsx")
    day = SECOND + timedelta(days=later)
    with on_day(day):
        apply_reviews(store, fill(tmp_path / "复核.xlsx", tmp_path / "答复.xlsx", supplied, FACT), REVIEWER, POLICY)
    second = batch_of(store, inbox, day)
    assert decided(store, second)[supplied]["decision"] == "granted"
    assert clocks_of(store)[supplied] == (clock, day)
    assert clocks_of(store)[settled] == ("same_day", SECOND)
