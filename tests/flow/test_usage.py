"""Contracts, draws and repayments come late, twice, wrong and corrected.

What is owed is what the core system means by it.
"""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.conftest import Scored, copy_of
from village_credit.ledger.balances import drawn_before, owed_by_day
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.publications import publications
from village_credit.ledger.returned import DRAWS, REPAYMENTS, sealed_paths
from village_credit.services.casework import holds
from village_credit.services.casework import household_lookup as tell
from village_credit.services.servicing.usage import Recorded, record_usage
from village_credit.store.store import Store

COUNTY, CLERK, LATER = "659900", "6006", date(2026, 12, 1)
HEADERS = {
    "合同": "household_ref,contract_no,signed_on,channel",
    "用信": "contract_no,amount_yuan,drawn_on,purpose",
    "还款": "contract_no,amount_yuan,paid_on",
}


class Desk:
    """A copy of the county's store, and the files that its clerk takes in.

    A sequence number makes each file another.
    """

    def __init__(self, county: Scored, folder: Path) -> None:
        self.store, self.folder = copy_of(county, folder).store, folder

    def take(self, name: str, *lines: str) -> Recorded:
        """Write a file of that name and take it in: its first two characters say which table it holds."""
        path = self.folder / f"{name}.csv"
        path.write_text("\n".join([HEADERS[name[:2]], *lines, ""]), encoding="utf-8")
        return record_usage(self.store, path, CLERK)

    def owed(self, row: dict[str, str]) -> Decimal | None:
        key = key_of(self.store, row)
        found = drawn_before(self.store, Ledger.of(self.store), LATER).to_pylist()
        return next((line["drawn_yuan"] for line in found if line["household_key"] == key), None)


@pytest.fixture
def desk(quiet: Scored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Spared the time to build views that no test here reads."""
    monkeypatch.setattr("village_credit.publish.recording.build_warehouse", lambda _store: None)
    return Desk(quiet, tmp_path)


def sent(store: Store) -> list[dict[str, str]]:
    """Rows of the first branch's package with a limit of at least 20,000 yuan."""
    told = publications(Ledger.of(store))[0].publication_id
    with (store.root / "outbox" / COUNTY / told / "0071" / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if int(row["limit_yuan"]) >= 20_000]


def key_of(store: Store, row: dict[str, str]) -> str:
    return tell._key_of_typed(store, row["身份证号码"].strip())


def reasons(done: Recorded) -> dict[int, str]:
    return {item["line_number"]: item["reason_code"] for item in done.findings}


def signed(desk: Desk, place: int = 0, number: str = "HT-1") -> dict[str, str]:
    """A household of the package, with a contract."""
    row = sent(desk.store)[place]
    desk.take(f"合同{number}", f"{row['household_ref']},{number},2026-11-03,counter")
    return row


# what is corrected


def test_a_corrected_draw_takes_the_place_of_the_wrong_one(desk: Desk):
    row = signed(desk)
    desk.take("用信", "HT-1,90000,2026-11-07,seed", "HT-1,500,2026-11-08,seed")
    done = desk.take("用信（更正）", "HT-1,9000,2026-11-07,seed")
    assert (done.draws, done.drawn_yuan, done.superseded) == (1, Decimal(9000), 1)
    assert desk.owed(row) == 9500
    acts = len(Ledger.of(desk.store))
    wrong = desk.take("用信", "HT-1,90000,2026-11-07,seed", "HT-1,500,2026-11-08,seed")
    assert (wrong.noop, wrong.counts) == (True, {"duplicate": 1, "layout": 1, "superseded": 1})
    assert desk.take("用信（更正）", "HT-1,9000,2026-11-07,seed").noop
    assert (desk.owed(row), len(Ledger.of(desk.store))) == (9500, acts)


def test_two_equal_draws_of_a_day_are_two_where_each_has_its_number(desk: Desk):
    row = signed(desk)
    told = desk.take("用信", "HT-1,1000,2026-11-07,seed", "HT-1,1000,2026-11-07,seed")
    assert (told.draws, reasons(told)) == (1, {3: "EQUAL_DRAW"})
    numbered = desk.folder / "带借据号.csv"
    lines = ("HT-1,700,2026-11-08,seed,J1", "HT-1,700,2026-11-08,seed,J2", "HT-1,700,2026-11-08,seed,J2")
    numbered.write_text("\n".join(["contract_no,amount_yuan,drawn_on,purpose,借据号", *lines, ""]), encoding="utf-8")
    done = record_usage(desk.store, numbered, CLERK)
    assert (done.draws, done.drawn_yuan, done.counts["duplicate"]) == (2, Decimal(1400), 1)
    assert reasons(done) == {}
    assert desk.owed(row) == 2400
    assert record_usage(desk.store, numbered, CLERK).noop


def test_what_was_sealed_stays_as_it_was(desk: Desk):
    signed(desk)
    desk.take("用信", "HT-1,90000,2026-11-07,seed")
    path = sealed_paths(desk.store, Ledger.of(desk.store), "draws")[-1]
    before = path.read_bytes()
    desk.take("用信（更正）", "HT-1,9000,2026-11-07,seed")
    assert path.read_bytes() == before


def test_a_correction_of_the_correction_stands_and_neither_earlier_file_brings_its_figure_back(desk: Desk):
    row = signed(desk)
    desk.take("用信", "HT-1,90000,2026-11-07,seed")
    desk.take("用信更正1", "HT-1,9000,2026-11-07,seed")
    desk.take("用信更正2", "HT-1,90000,2026-11-07,seed", "HT-1,1,2026-11-09,")
    assert desk.owed(row) == 90_001
    assert desk.take("用信更正1", "HT-1,9000,2026-11-07,seed").noop
    assert desk.owed(row) == 90_001


def test_a_correction_names_all_moves_of_its_contract_and_day_and_no_other(desk: Desk):
    row, other = signed(desk), signed(desk, 1, "HT-2")
    desk.take(
        "用信", "HT-1,100,2026-11-07,seed", "HT-1,20,2026-11-07,trade", "HT-1,3,2026-11-08,", "HT-2,7,2026-11-07,"
    )
    desk.take("还款", "HT-1,50,2026-11-09", "HT-1,9,2026-11-07")
    done = desk.take("用信补报", "HT-1,100,2026-11-07,seed")
    assert (done.counts, done.superseded, done.noop) == ({"duplicate": 1, "layout": 1}, 1, False)
    assert desk.take("还款更正", "HT-1,5,2026-11-09").superseded == 1
    assert (desk.owed(row), desk.owed(other)) == (100 + 3 - 5 - 9, 7)


def test_a_purpose_that_comes_later_is_of_the_same_draw(desk: Desk):
    row = signed(desk)
    desk.take("用信", "HT-1,9000,2026-11-07,")
    done = desk.take("用信二", "HT-1,9000,2026-11-07,seed")
    assert (desk.owed(row), done.superseded) == (9000, 1)
    assert desk.take("用信三", "HT-1,9000,2026-11-07,seed", "HT-1,9000,2026-11-07,").noop is False
    assert desk.take("用信", "HT-1,9000,2026-11-07,").noop
    assert desk.owed(row) == 9000
    desk.take("用信四", "HT-1,9000,2026-11-07,trade")  # another one, for its purpose is another
    assert desk.owed(row) == 18_000


@pytest.mark.parametrize("order", [("seed", "", "trade"), ("", "trade", "seed"), ("trade", "seed", "")])
def test_the_order_of_lines_decides_nothing(desk: Desk, order: tuple[str, ...]):
    row = signed(desk)
    desk.take("用信", "HT-1,9000,2026-11-07,")
    desk.take("用信二", *(f"HT-1,9000,2026-11-07,{purpose}" for purpose in order))
    assert desk.owed(row) == 18_000


def test_a_corrected_contract_takes_its_draws_to_the_right_household(desk: Desk):
    row, right = signed(desk), sent(desk.store)[1]
    desk.take("用信", "HT-1,9000,2026-11-07,seed")
    desk.take("还款", "HT-1,1000,2026-11-08")
    line = f"{right['household_ref']},HT-1,2026-11-03,counter"
    assert reasons(desk.take("合同二", line)) == {2: "CONFLICTING_ROWS"}
    done = desk.take("合同（更正）", line)
    assert (done.contracts, done.superseded, done.counts) == (1, 1, {"accepted": 1, "layout": 1})
    assert (desk.owed(row), desk.owed(right)) == (None, 8000)
    assert desk.take("合同（更正）", line).noop
    first = desk.take("合同HT-1", f"{row['household_ref']},HT-1,2026-11-03,counter")
    assert (first.noop, first.counts) == (True, {"layout": 1, "superseded": 1})
    desk.take("用信", "HT-1,9000,2026-11-07,seed")
    assert (desk.owed(row), desk.owed(right)) == (None, 8000)


def test_a_contract_s_channel_that_comes_later_is_no_conflict(desk: Desk):
    row = sent(desk.store)[0]
    desk.take("合同", f"{row['household_ref']},HT-1,2026-11-03,")
    assert desk.take("合同二", f"{row['household_ref']},HT-1,2026-11-03,counter").contracts == 1
    assert desk.take("合同", f"{row['household_ref']},HT-1,2026-11-03,").noop
    assert reasons(desk.take("合同三", f"{row['household_ref']},HT-1,2026-11-03,online")) == {2: "CONFLICTING_ROWS"}


# what is owed


def test_interest_paid_on_one_contract_hides_no_draw_above_the_limit_on_another(desk: Desk):
    row = signed(desk)
    signed(desk, 0, "HT-2")
    limit = int(row["limit_yuan"])
    desk.take("用信", "HT-1,5000,2026-11-04,seed")
    desk.take("还款", "HT-1,6000,2026-11-15")
    done = desk.take("用信二", f"HT-2,{limit + 900},2026-11-20,seed")
    assert reasons(done) == {2: "DRAW_ABOVE_LIMIT"}
    assert desk.owed(row) == limit + 900


def test_interest_paid_lowers_no_later_draw_of_a_revolving_line(desk: Desk):
    row = signed(desk)
    desk.take("用信", "HT-1,10000,2026-11-04,seed", "HT-1,10000,2026-11-20,seed")
    desk.take("还款", "HT-1,10600,2026-11-15")
    assert desk.owed(row) == 10_000


def moved(*moves: tuple[str, str, int]) -> list[int]:
    """What is owed day by day: each move a contract, an amount with its sign, a day of November."""
    rows = [
        {"contract_key": key, "household_key": "h", "product": "p", "amount_yuan": Decimal(amount)}
        for key, amount, _ in moves
    ]
    days = [date(2026, 11, day) for *_, day in moves]
    draws = [{**row, "drawn_on": day} for row, day in zip(rows, days, strict=True) if row["amount_yuan"] > 0]
    paid = [
        {**row, "amount_yuan": -row["amount_yuan"], "paid_on": day}
        for row, day in zip(rows, days, strict=True)
        if row["amount_yuan"] < 0
    ]
    found = owed_by_day(pa.Table.from_pylist(draws, schema=DRAWS), pa.Table.from_pylist(paid, schema=REPAYMENTS))
    return [int(row["owed_yuan"]) for row in found.to_pylist()]


@pytest.mark.parametrize(
    ("moves", "owed"),
    [
        ([("a", "100", 1), ("a", "-106", 2), ("a", "100", 3)], [100, 0, 100]),
        ([("a", "-106", 1), ("a", "100", 1), ("a", "100", 2)], [0, 100]),  # a day's draws come first
        ([("a", "-50", 1), ("a", "100", 2), ("a", "-30", 3)], [0, 100, 70]),
        ([("a", "100", 1), ("a", "-150", 2), ("b", "90", 3), ("a", "10", 4)], [100, 0, 90, 100]),
        ([("a", "100", 1), ("b", "50", 1), ("a", "-100", 2), ("b", "-60", 3)], [150, 50, 0]),
        ([], []),
    ],
)
def test_a_balance_runs_by_contract_and_never_below_nothing(moves: list[Any], owed: list[int]):
    assert moved(*moves) == owed


# who signed


def test_a_contract_under_the_reference_of_a_release_is_known(desk: Desk):
    row = sent(desk.store)[0]
    key = key_of(desk.store, row)
    packages = [
        *holds.hold(desk.store, key, "2002", "test").packages,
        *holds.release(desk.store, key, "2002", "test").packages,
    ]
    for number, folder in enumerate(packages):
        with (Path(folder) / "limits.csv").open(encoding="utf-8-sig", newline="") as file:
            (told,) = csv.DictReader(file)
        assert told["household_ref"] != row["household_ref"]
        done = desk.take(f"合同{number}", f"{told['household_ref']},HT-{number},2026-11-06,counter")
        assert (done.contracts, reasons(done)) == (1, {})
    assert len(packages) == 2
    desk.take("用信", "HT-0,1000,2026-11-07,seed", "HT-1,500,2026-11-07,seed")
    assert desk.owed(row) == 1500


def test_nothing_was_signed_drawn_or_repaid_tomorrow(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    """A mistyped year is no debt; once the day has come, the same file is taken in."""
    monkeypatch.setattr("village_credit.services.servicing.usage.today", lambda: date(2026, 11, 20))
    row = signed(desk)
    other = sent(desk.store)[1]["household_ref"]
    contract = desk.take("合同2", f"{other},HT-2,2026-11-21,counter")
    assert (reasons(contract), contract.contracts) == ({2: "USAGE_IN_FUTURE"}, 0)
    drawn = desk.take("用信", "HT-1,1000,2026-11-20,seed", "HT-1,2000,2026-11-21,seed", "HT-1,300,2028-05-01,seed")
    assert (reasons(drawn), drawn.draws) == ({3: "USAGE_IN_FUTURE", 4: "USAGE_IN_FUTURE"}, 1)
    repaid = desk.take("还款", "HT-1,100,2026-11-20", "HT-1,50,2029-05-01")
    assert (reasons(repaid), repaid.repayments) == ({3: "USAGE_IN_FUTURE"}, 1)
    assert desk.owed(row) == Decimal(900)
    monkeypatch.setattr("village_credit.services.servicing.usage.today", lambda: date(2026, 11, 21))
    again = record_usage(desk.store, desk.folder / "用信.csv", CLERK)
    assert (reasons(again), again.draws) == ({4: "USAGE_IN_FUTURE"}, 1)
    assert desk.owed(row) == Decimal(2900)
