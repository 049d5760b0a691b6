"""What linkage says of itself: nobody who is left out is left out of the count, and a missing figure is no pass."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from tests.builders import shipped_policy
from tests.unit.link.test_join import number, taken
from village_credit.tables.delivery_gates import link_gaps, unlinked_share
from village_credit.tables.gate import Gate

POLICY = shipped_policy()
PEOPLE = 40  # of each shape: more than the fewest that are compared
LONG, ALIKE = "艾合买提·吐尔逊", "艾海提·吐尔逊"
DIGITS = "安宁平和顺康泰福乐喜"


def county() -> list[tuple[str, str, str]]:
    """Code, name and number of heads of one village, long names first."""
    short = [f"王{DIGITS[n // 10]}{DIGITS[n % 10]}" for n in range(PEOPLE)]
    return [
        (f"659900100201010{n + 1:03d}", name, number(f"19{50 + n % 40}0{1 + n // 40}{10 + n % 18}", n + 100))
        for n, name in enumerate([LONG] * PEOPLE + short)
    ]


def linked(books: list[tuple[str, str]], subsidies: list[tuple[str, str]] = ()) -> Any:  # type: ignore[assignment]
    """Lists of name and number against that register."""
    heads = [f"{code},1,{name},1,{own},x" for code, name, own in county()]
    members = [f"{code},{name},1,1,{own},02," for code, name, own in county()]
    rows = "\n".join(f"2025,{name},{own},东乡,前村,5000" for name, own in books)
    paid = "年度,姓名,身份证号,所在村,所在组,实际补贴面积(亩),实发金额(元)\n"
    paid += "".join(f"2026,{name},{own},东乡前村,,10,1000\n" for name, own in subsidies)
    return taken(rows, contractors=heads, members=members, **({"补贴.csv": paid} if subsidies else {}))


def damaged(own: str) -> str:
    return f"{own[0]}.{own[1:15]}E+17"


def stranger(n: int) -> str:
    return number("19910101", 300 + n)


def test_rows_whose_number_stays_damaged_are_unlinked_in_every_figure():
    """A spreadsheet damaged every number; long names, in another spelling, are not repaired and wait in quarantine."""
    intake = linked([(ALIKE if name == LONG else name, damaged(own)) for _, name, own in county()])
    (row,) = [row for row in intake.link_quality.to_pylist() if row["contract"] == "household_economy"]
    assert (row["records"], row["automatic"], row["unlinked"]) == (2 * PEOPLE, PEOPLE, PEOPLE)
    assert intake.link_shares["name_gap"] == 1.0
    assert unlinked_share(intake, POLICY).value == 0.5
    assert {gate.gate: gate.verdict for gate in link_gaps(intake, POLICY)}["link_gap_of_names"] == "fail"


def test_a_village_whose_numbers_stay_damaged_falls_behind():
    there = [(name, own) for _, name, own in county()]
    away = "\n".join(f"2025,人{DIGITS[n % 10]},{damaged(stranger(n))},西乡,后村,5000" for n in range(PEOPLE))
    heads = [f"{code},1,{name},1,{own},x" for code, name, own in county()]
    rows = "\n".join(f"2025,{name},{own},东乡,前村,5000" for name, own in there)
    intake = taken(f"{rows}\n{away}", contractors=heads, members=[])
    assert intake.link_shares["village_gap"] == pytest.approx(2 / 3)


def test_gaps_of_two_lists_that_favour_other_names_do_not_cancel():
    books = [(name, own if name == LONG else stranger(n)) for n, (_, name, own) in enumerate(county())]
    subsidies = [(name, own if name != LONG else stranger(n)) for n, (_, name, own) in enumerate(county())]
    intake = linked(books, subsidies)
    assert intake.link_shares["name_gap"] == 1.0
    assert intake.link_shares["lists_compared"] == 2


def gaps(**shares: float | None) -> dict[str, Gate]:
    """The gates of a county whose figures are these."""
    usual = {
        "name_gap": 0.01,
        "village_gap": 0.01,
        "null_share": 0.0,
        "unissued_area_share": 0.0,
        "lists_compared": 3,
        "villages_compared": 9,
    }
    intake = SimpleNamespace(link_shares=usual | shares, identities=pa.table({"person_id": ["x"]}))
    return {gate.gate: gate for gate in link_gaps(intake, POLICY)}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gate", "figure", "count"),
    [("link_gap_of_names", "name_gap", "lists_compared"), ("link_gap_of_villages", "village_gap", "villages_compared")],
)
def test_too_few_records_are_not_judged_and_a_missing_figure_fails(gate, figure, count):
    few = gaps(**{figure: None, count: 0})[gate]
    assert (few.verdict, few.value) == ("pass", None)
    assert few.explanation.startswith("not judged, too few records")
    assert gaps(**{figure: None})[gate].verdict == "fail"
    assert gaps(**{figure: None, count: None})[gate].verdict == "fail"
    assert gaps()[gate].verdict == "pass"
