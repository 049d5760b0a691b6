"""A branch goes under the code that it has on a day, and a county's branches are those of its townships."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from tests.unit.link.test_join import ANNA, taken
from village_credit.link.branches import current_branch_codes

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
        ([("A", "B", "2026-01-01"), ("B", "C", "2026-01-01")], {"A": "C", "B": "C"}),  # two steps of one day
        ([("A", "B", "2026-01-01"), ("B", "A", "2026-06-01")], {"B": "A"}),  # the old code is taken back
        ([("A", "B", "2026-01-01"), ("B", "A", "2026-01-01")], {}),  # a circle says nothing
        ([("A", "B", "2026-06-01"), ("B", "C", "2026-01-01")], {"A": "B", "B": "C"}),  # B was another branch before
        ([("X", "A", "2026-01-01"), ("A", "B", "2026-01-01"), ("B", "A", "2026-01-01")], {}),
    ],
)
def test_a_changed_code_leads_to_the_one_of_the_day(rows, found):
    assert current_branch_codes(changes(*rows), DAY) == found


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
