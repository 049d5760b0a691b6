"""An ID number stands by itself only whole and checked; what is left of a damaged one is told apart."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_contracts.fields import Kind, check_character
from data_contracts.registry import field_specs
from village_credit.extract.workbooks import cell_text
from village_credit.texts import texts_of
from village_credit.validate import identity
from village_credit.validate.identity import as_a_column, completed, id_status, is_calendar_day, masked
from village_credit.validate.normalise import normalise_column

STANDARD = "11010519491231002X"  # the example of GB 11643
BASE = "65990019800101001"
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2025, 12, 31))


def whole(first_17: str) -> str:
    return first_17 + check_character(first_17)


def status_of_cell(cell: object) -> str:
    """Classify a workbook's cell as the pipeline does: typed, written as text, normalised."""
    spec = next(spec for spec in field_specs("related_party") if spec.kind is Kind.ID)
    number, _ = normalise_column(spec, texts_of(pa.array([cell_text(cell)], pa.string())))
    return identity.statuses_of(number.of_rows())[0].as_py() or id_status(None)


def test_the_standards_own_example_is_valid():
    assert check_character(STANDARD[:17]) == "X"
    assert id_status(STANDARD) == "valid"


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (None, "empty"),
        (whole(BASE), "valid"),
        (BASE + str((int(whole(BASE)[17].replace("X", "0")) + 1) % 10), "check_digit"),
        (whole("65990019800230001"), "check_digit"),
        (whole("65990018991231001"), "check_digit"),
        (BASE[:15] + "***", "excel_damaged"),
        ("659900198001010000", "excel_damaged"),
        ("659900580101001", "valid_15"),
        ("659900581301001", "check_digit"),
        ("6599**********001X", "masked"),
        ("659900********0012", "masked"),
        ("6599**********", "malformed"),
        ("6.50E+17", "unrecoverable"),
        ("65990019800101", "malformed"),
        ("6599001980010100123", "malformed"),
        ("059900198001010012", "malformed"),
        ("无", "malformed"),
    ],
)
def test_a_number_is_told_by_what_is_left_of_it(number, status):
    assert id_status(number) == status


@given(DAYS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_any_one_wrong_digit_is_noticed(day, order, place, step):
    number = whole(f"659900{day:%Y%m%d}{order:03d}")
    assert id_status(number) == "valid"
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert id_status(wrong) != "valid"


@given(DAYS.filter(lambda day: day.year < 2000), st.integers(0, 999))
def test_fifteen_digits_are_completed_by_rule_to_the_number_itself(day, order):
    number = whole(f"659900{day:%Y%m%d}{order:03d}")
    short = number[:6] + number[8:17]
    assert id_status(short) == "valid_15"
    assert completed(short) == number


def test_a_number_stored_as_a_number_is_damaged():
    assert status_of_cell(float(whole(BASE).replace("X", "0"))) == "excel_damaged"


def test_damage_that_happens_to_pass_the_check_is_still_damage_where_the_cell_is_a_number():
    numbers = (whole(f"659900198001{day:02d}{order}00") for day in range(1, 29) for order in range(10))
    lucky = next(number for number in numbers if number.endswith("000"))
    assert id_status(lucky) == "valid"
    assert status_of_cell(int(lucky)) == "excel_damaged"
    assert status_of_cell(lucky) == "valid"


def test_fifteen_digits_stored_as_a_number_are_whole():
    assert status_of_cell(659900580101001.0) == "valid_15"


@pytest.mark.parametrize(
    "text",
    [STANDARD.lower(), f"'{STANDARD}", f'="{STANDARD}"', f" {STANDARD}\u3000", "１１０１０５１９４９１２３１００２Ｘ"],
)
def test_spelling_is_no_damage(text):
    assert status_of_cell(text) == "valid"


@pytest.mark.parametrize(
    ("digits", "is_day"),
    [("20240229", True), ("20230229", False), ("20261301", False), ("18991231", False), ("19000101", True)],
)
def test_a_day_is_one_of_the_calendar(digits, is_day):
    assert is_calendar_day(digits) is is_day


def test_an_id_is_shown_by_four_digits_and_two():
    assert masked(STANDARD) == "1101************2X"
    assert masked("12345") == "*****"


def cut(first_15: str) -> str:
    """What a spreadsheet leaves of a number."""
    return first_15 + "000"


def fitting(*, fits: bool) -> list[str]:
    """Fifteen-digit beginnings whose 000 is, or is not, a sound end."""
    beginnings = (f"6599001980010{number:02d}" for number in range(10, 100))
    return [text for text in beginnings if (check_character(text + "00") == "0") == fits]


def statuses_of(numbers: list[str]) -> list[str]:
    column = pa.array(numbers, pa.string())
    return as_a_column(column, identity.statuses_of(column)).to_pylist()


def test_a_column_that_a_spreadsheet_cut_is_damaged_whatever_a_check_digit_says():
    sound, broken = fitting(fits=True)[:2], fitting(fits=False)[:8]
    column = [cut(text) for text in (*sound, *broken)]
    assert id_status(column[0]) == "valid"
    assert set(statuses_of(column)) == {"excel_damaged"}


def test_a_cut_number_among_whole_ones_is_damaged_where_others_are_seen_to_be_cut():
    whole_ones = [whole(f"659900198001{number:02d}001") for number in range(10, 30)]
    column = [*whole_ones, cut(fitting(fits=True)[0]), cut(fitting(fits=False)[0])]
    assert statuses_of(column)[-2:] == ["excel_damaged"] * 2
    assert set(statuses_of(column)[:-2]) == {id_status(number) for number in whole_ones}


def test_one_number_that_ends_in_000_among_many_whole_ones_is_its_own():
    whole_ones = [whole(f"65990019800101{number:03d}") for number in range(100, 300)]
    assert statuses_of([*whole_ones, cut(fitting(fits=True)[0])])[-1] == "valid"
    assert statuses_of([cut(fitting(fits=True)[0])]) == ["valid"]


def test_a_column_that_went_through_floating_point_is_damaged_where_its_digits_fit_by_chance():
    whole_ones = [
        whole(f"659900{1950 + number % 50}0{1 + number % 9}1{number % 10}{number:03d}") for number in range(300)
    ]
    column = [str(int(float(number))) for number in whole_ones if number[-1] != "X"]
    passing = [place for place, number in enumerate(column) if id_status(number) == "valid"]
    assert passing
    assert {statuses_of(column)[place] for place in passing} == {"excel_damaged"}
