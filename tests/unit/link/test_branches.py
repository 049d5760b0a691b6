"""A branch goes under the code that it has on a day, and a county's branches are those of its townships."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from tests.unit.link.test_join import ANNA, taken
from village_credit.link.branches import code_steps, current_branch_code, reused_codes

DAY = date(2026, 11, 1)


def changes(*rows: tuple[str, str, str]) -> pa.Table:
    told = [{"old_code": old, "new_code": new, "changed_on": date.fromisoformat(day)} for old, new, day in rows]
    schema = {"old_code": pa.string(), "new_code": pa.string(), "changed_on": pa.date32()}
    return pa.Table.from_pylist(told, schema=pa.schema(schema))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([("A", "B", "2026-11-01")], {"A": "B"}),
        ([("A", "B", "2026-11-02")], {}),  # of tomorrow
        ([("A", "C", "2026-01-01"), ("B", "C", "2026-01-01")], {"A": "C", "B": "C"}),  # two become one
        ([("A", "B", "2026-01-01"), ("B", "C", "2026-06-01")], {"A": "C", "B": "C"}),
        ([("A", "B", "2026-01-01"), ("B", "C", "2026-01-01")], {"A": "B", "B": "C"}),  # one renumbering
        ([("A", "B", "2026-01-01"), ("B", "A", "2026-01-01")], {"A": "B", "B": "A"}),  # codes are swapped
        ([("A", "B", "2026-01-01"), ("B", "A", "2026-06-01")], {"B": "A"}),  # the old code is taken back
        ([("A", "B", "2026-06-01"), ("B", "C", "2026-01-01")], {"A": "B", "B": "C"}),  # B was another branch before
    ],
)
def test_a_changed_code_leads_to_the_one_of_the_day(rows, found):
    steps = code_steps(changes(*rows), DAY)
    present = {code: current_branch_code(steps, code, None) for code in "ABC"}
    assert {code: now for code, now in present.items() if now != code} == found


def test_a_code_that_is_told_of_a_day_has_that_day_s_changes_in_it():
    table = changes(("0031", "A1", "2026-11-05"), ("0071", "0031", "2026-11-05"))
    steps = code_steps(table, date(2026, 11, 20))
    told = {code: [current_branch_code(steps, code, on) for on in DAYS_TOLD] for code in ("0031", "0071")}
    assert told == {"0031": ["A1", "0031", "0031"], "0071": ["0031", "0071", "0071"]}


DAYS_TOLD = (date(2026, 11, 4), date(2026, 11, 5), date(2026, 11, 6))


@pytest.mark.parametrize(
    ("rows", "reused"),
    [
        ([("A", "B", "2026-01-01"), ("B", "C", "2026-06-01")], set()),  # a branch that changed twice
        ([("A", "B", "2026-01-01"), ("B", "C", "2026-01-01")], {"B"}),
        ([("A", "B", "2026-06-01"), ("B", "C", "2026-01-01")], {"B"}),
        ([("A", "B", "2026-01-01"), ("B", "A", "2026-01-01")], {"A", "B"}),
        ([("A", "B", "2027-01-01"), ("B", "C", "2026-01-01")], set()),  # not yet
    ],
)
def test_a_code_that_was_given_to_another_branch_is_known_as_such(rows, reused):
    assert reused_codes(code_steps(changes(*rows), DAY)) == reused


def branches_of(listed: str, **files: str) -> list[dict[str, str | None]]:
    text = f"机构号,机构名称,乡镇代码,客户经理工号\n{listed}"
    return (
        taken(members=[f"659900100201010001,王安娜,2,1,{ANNA},02,"], **{"机构.csv": text}, **files)
        .facts["branches"]
        .to_pylist()
    )


def test_of_a_list_of_the_whole_region_the_county_s_townships_count():
    found = branches_of("B1,一支行,659900100,1001\nB2,二支行,659900101,1002\nB9,他县支行,653199100,1009\n")
    assert [row["branch_code"] for row in found] == ["B1", "B2"]


def test_a_branch_that_the_list_has_under_an_earlier_code_goes_under_the_present_one():
    told = "原机构号,现机构号,变更日期\nB1,N1,2026-06-01\nB2,N2,2027-06-01\n"
    found = branches_of("B1,一支行,659900100,1001\nB2,二支行,659900101,1002\n", **{"变更.csv": told})
    assert [(row["branch_code"], row["former_code"]) for row in found] == [("N1", "B1"), ("B2", None)]


def test_a_code_with_two_successors_is_told_and_stays_as_the_list_has_it():
    told = "原机构号,现机构号,变更日期\nB1,N1,2026-06-01\nB1,N2,2026-06-01\n"
    text = "机构号,机构名称,乡镇代码,客户经理工号\nB1,一支行,659900100,1001\n"
    intake = taken(members=[f"659900100201010001,王安娜,2,1,{ANNA},02,"], **{"机构.csv": text, "变更.csv": told})
    assert intake.facts["branches"].column("branch_code").to_pylist() == ["B1"]
    assert intake.findings.column("reason_code").to_pylist().count("CONFLICTING_ROWS") == 2


RENUMBERED = "原机构号,现机构号,变更日期\nB1,A1,2026-06-01\nB2,B1,2026-06-01\n"


def test_where_codes_were_given_to_others_the_list_s_own_day_says_which_it_means():
    lines = ["B1,一支行,659900100,1001,{first}", "B2,二支行,659900101,1002,{second}"]
    head = "机构号,机构名称,乡镇代码,客户经理工号,更新日期\n"
    found = {}
    for name, (first, second) in {"before": ("2026-05-31", "2026-05-31"), "since": ("2026-06-01", "")}.items():
        text = head + "\n".join(lines).format(first=first, second=second) + "\n"
        files = {"机构.csv": text, "变更.csv": RENUMBERED}
        intake = taken(members=[f"659900100201010001,王安娜,2,1,{ANNA},02,"], **files)
        found[name] = intake.facts["branches"].to_pylist()
    assert [row["branch_code"] for row in found["before"]] == ["A1", "B1"]
    assert [row["branch_code"] for row in found["since"]] == ["B1", "B1"]  # of the second nobody needs to say
    assert not any(row["is_doubtful"] for rows in found.values() for row in rows)


def test_without_a_day_such_a_branch_stays_as_the_list_has_it_and_the_gate_fails():
    found = branches_of("B1,一支行,659900100,1001\nB2,二支行,659900101,1002\n", **{"变更.csv": RENUMBERED})
    assert [(row["branch_code"], row["is_doubtful"]) for row in found] == [("B1", True), ("B1", False)]
