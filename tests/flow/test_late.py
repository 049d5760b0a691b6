"""Late and partial deliveries: the run takes what is there, says what is not, and what that did to decisions."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import AS_OF, new_store, put_in_force, request_of
from tests.pages import part_of
from village_credit.services.rules import default_counties
from village_credit.services.scoring.stage import score_inbox
from village_credit.store.store import Store, open_store
from village_credit.synthetic import synthesize

COUNTY = "659900"
BOOK = "农经站/沙枣乡/农户经济台账.xlsx"
Row = dict[str, Any]
Found = tuple[list[Row], list[Row], dict[str, str], str]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inbox = tmp_path_factory.mktemp("whole") / "inbox"
    synthesize(inbox, COUNTY, 4, 80, 5, AS_OF)
    return inbox


@pytest.fixture
def delivered(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "inbox"))


@pytest.fixture(scope="module")
def usual(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Found]:
    """A store where the whole delivery was scored; read only."""
    folder = tmp_path_factory.mktemp("usual")
    store = new_store(folder)
    return store, run(folder, whole, store=store)


@pytest.fixture(scope="module")
def bookless(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Found]:
    """A store where it was scored without the book of one township; read only."""
    folder = tmp_path_factory.mktemp("bookless")
    inbox = Path(shutil.copytree(whole, folder / "inbox"))
    (inbox / COUNTY / BOOK).unlink()
    store = new_store(folder)
    return store, run(folder, inbox, store=store)


@pytest.fixture(scope="module")
def without_books(whole: Path, usual: tuple[Store, Found], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The whole delivery was published, and the next day's has no book at all; read only."""
    folder = tmp_path_factory.mktemp("without_books")
    store = open_store(Path(shutil.copytree(usual[0].root, folder / "store")), usual[0].keys)
    put_in_force(store, usual[1][-1])
    inbox = Path(shutil.copytree(whole, folder / "inbox"))
    for book in (inbox / COUNTY / "农经站").glob("*/*台账.xlsx"):
        book.unlink()
    return run(folder, inbox, as_of=date(2026, 11, 2), store=store)


STRICT = """
[calendar.household_economy]
dated_by = "year"
due = "03-31"
years_after = 1
by_township = true
minimum_household_share = 1.0
[checks.land_subsidy]
maximum_rows = 3
typical = { paid_yuan = [100000.0, 200000.0] }
[checks.land_parcel]
typical = { measured_mu = [0.0, 0.001] }
[checks.household_economy]
minimum_rows = 100000
minimum_filled = { debts_yuan = 1.0 }
"""


@pytest.fixture(scope="module")
def strict(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The whole delivery under terms that it does not meet; read only."""
    return run(tmp_path_factory.mktemp("strict"), whole, STRICT)


@pytest.fixture(scope="module")
def next_march(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Found:
    """It was scored on the day before last year's books are due; read only."""
    return run(tmp_path_factory.mktemp("march"), whole, as_of=date(2027, 3, 30))


def terms_folder(tmp_path: Path, more: str = "") -> Path:
    folder = tmp_path / "counties"
    folder.mkdir(exist_ok=True)
    shutil.copy(default_counties() / "default.toml", folder)
    (folder / f"{COUNTY}.toml").write_text(f'county = "{COUNTY}"\nreference = "试"\n{more}', encoding="utf-8")
    return folder


def run(tmp_path: Path, inbox: Path, more: str = "", as_of: date = AS_OF, store: Store | None = None) -> Found:
    """Score; give the lines of `deliveries`, of `extract_checks`, the verdicts of gates, and the run's id."""
    store = store or new_store(tmp_path)
    request = request_of(COUNTY, as_of, counties=terms_folder(tmp_path, more))
    staged = score_inbox(store, inbox, request)
    folder = store.run_folder(staged.run_id)
    tables = [
        duckdb.connect()
        .sql("FROM read_parquet($p)", params={"p": str(folder / f"{name}.parquet")})
        .to_arrow_table()
        .to_pylist()
        for name in ("deliveries", "extract_checks")
    ]
    return tables[0], tables[1], {gate["gate"]: gate["verdict"] for gate in staged.gates}, staged.run_id


def states(rows: list[Row], contract: str) -> dict[str | None, str]:
    return {row["township_code"]: row["state"] for row in rows if row["contract"] == contract}


def line(rows: list[Row], contract: str, township: str | None = None) -> Row:
    return next(r for r in rows if r["contract"] == contract and r["township_code"] == township)


def test_a_whole_delivery_is_complete_and_passes(usual: tuple[Store, Found]):
    rows, checks, gates, _ = usual[1]
    assert {row["state"] for row in rows} == {"complete"}
    assert {check["verdict"] for check in checks} == {"pass"}
    assert gates["deliveries"] == gates["extract_checks"] == "pass"


def test_one_township_without_its_book_is_named_with_what_it_cost(bookless: tuple[Store, Found]):
    rows, _, gates, _ = bookless[1]
    found = states(rows, "household_economy")
    missing = [township for township, state in found.items() if state == "missing"]
    assert len(missing) == 1
    assert found.pop(None) == "partial"
    assert sorted(found.values()) == ["complete", "missing"]
    lacking = line(rows, "household_economy", missing[0])
    assert lacking["households_without"] == lacking["households"] > 0
    decided = lacking["granted_without"] + lacking["manual_review_without"] + lacking["declined_without"]
    assert decided == lacking["households"]
    assert gates["deliveries"] == "warn"


def test_half_a_townships_book_is_partial(strict: Found):
    rows, _, _, _ = strict
    found = line(rows, "household_economy")
    assert found["state"] == ("partial" if found["households_without"] else "complete")
    assert found["households_without"] > 0  # single households without a book are in every county


def test_after_the_due_day_last_years_table_is_stale_and_a_needed_one_fails(
    tmp_path: Path, delivered: Path, next_march: Found
):
    after = date(2027, 4, 1)
    rows, _, gates, _ = run(tmp_path, delivered, as_of=after)
    assert line(rows, "household_economy")["owed"] == "2026"
    assert (line(rows, "household_economy")["newest"], line(rows, "household_economy")["state"]) == ("2025", "stale")
    assert gates["deliveries"] == "warn"
    assert line(next_march[0], "household_economy")["state"] == "complete"
    needed = '[calendar.household_economy]\ndated_by="year"\ndue="03-31"\nyears_after=1\nis_needed=true\n'
    _, _, gates, _ = run(tmp_path, delivered, needed, as_of=after)
    assert gates["deliveries"] == "fail"


def test_an_old_list_of_the_bank_is_stale_for_every_household(next_march: Found):
    found = line(next_march[0], "bank_conduct")
    assert (found["owed"], found["state"]) == ("2026-12-20", "stale")
    assert found["households_without"] == found["households"]


def spoil(file: Path) -> None:
    """A page of the book whose rows no contract accepts."""
    text = "年度,户主姓名,身份证号,乡镇,村\n" + "二〇,王五,1,沙枣乡,村\n" * 30
    file.unlink()
    file.with_suffix(".csv").write_text(text, encoding="utf-8")


def test_a_refused_table_is_told_from_one_that_never_came(tmp_path: Path, delivered: Path, without_books: Found):
    for book in sorted((delivered / COUNTY / "农经站").glob("*/*台账.xlsx")):
        spoil(book)
    for state, (rows, _, gates, _) in {"rejected": run(tmp_path, delivered), "missing": without_books}.items():
        assert set(states(rows, "household_economy").values()) == {state}
        assert gates["deliveries"] == "warn"


def test_below_a_minimum_fails_and_above_a_maximum_warns(strict: Found):
    _, checks, gates, _ = strict
    verdict = {(c["contract"], c["measure"], c["field"]): c["verdict"] for c in checks}
    assert verdict["land_subsidy", "rows", ""] == "warn"
    assert verdict["land_subsidy", "median", "paid_yuan"] == "fail"
    assert verdict["land_parcel", "median", "measured_mu"] == "warn"
    assert verdict["household_economy", "rows", ""] == "fail"
    assert gates["extract_checks"] == "fail"


def test_a_delivery_much_smaller_than_the_last_published_one_fails(usual: tuple[Store, Found], without_books: Found):
    _, checks, _, _ = usual[1]
    assert "change" not in {check["measure"] for check in checks}
    _, checks, gates, _ = without_books
    change = {c["contract"]: c["verdict"] for c in checks if c["measure"] == "change"}
    assert change.pop("household_economy") == "fail"
    assert set(change.values()) == {"pass"}
    assert gates["extract_checks"] == "fail"


def test_the_report_says_what_is_late(bookless: tuple[Store, Found]):
    store, (_, _, _, run_id) = bookless
    page = (store.run_folder(run_id) / "report.html").read_text(encoding="utf-8")
    section = part_of(page, "deliveries")
    assert "未送达" in section
    assert "沙枣乡" in section
