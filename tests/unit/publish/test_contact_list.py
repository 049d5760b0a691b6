"""Whom a customer manager calls: one reason a line, growers first in each village, and nobody who wants none."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import openpyxl
import pyarrow as pa
import pytest

from data_contracts.reasons import DECISION_REASONS, MENDED_BY, OBJECTING
from tests.conftest import new_store
from village_credit.publish.contact_list import (
    BOOK,
    COLUMNS,
    FOLLOWED,
    LINE,
    NO_MANAGER,
    TABLE,
    WARNED,
    Contact,
    Usage,
    contact_files,
    contacts,
)

ON = date(2026, 11, 2)
VILLAGE, OTHER = "659900100001", "659900101001"
DECISION = {
    "township_code": VILLAGE[:9],
    "village_code": VILLAGE,
    "product": "farmer_line",
    "decision": "granted",
    "limit_yuan": 10_000,
    "valid_to": date(2029, 11, 1),
    "reason_codes": [],
}
DECIDED = pa.schema(
    [
        *((name, pa.string()) for name in ("household_key", "township_code", "village_code", "product", "decision")),
        ("limit_yuan", pa.int64()),
        ("valid_to", pa.date32()),
        ("reason_codes", pa.list_(pa.string())),
    ]
)
WHO = pa.schema([(name, pa.string()) for name in ("household_key", "unit_code", "name", "phone", "relation")])
BRANCHES = pa.table(
    {
        "township_code": [VILLAGE[:9], OTHER[:9]],
        "branch_code": ["0071", "0071"],
        "branch_name": ["甲", "乙"],
        "manager_number": pa.array(["0300", None], pa.string()),
    }
)
VILLAGES = pa.table({"village_code": [VILLAGE], "village": ["某村"]})


def line(*keys: str) -> pa.Table:
    return pa.Table.from_pylist([{"household_key": key, "product": "farmer_line"} for key in keys], LINE)


def listed(
    tmp_path: Any, households: dict[str, dict[str, Any]], usage: Usage | None = None, held: tuple[str, ...] = ()
) -> list[Contact]:
    """Whom branch 0071 calls; a household's `phone` and `relation` are the vault's, all else its decision's."""
    decisions = [DECISION | {"household_key": key} | changes for key, changes in households.items()]
    who = [
        {"unit_code": key, "name": f"人{key}", "phone": f"1000000000{place}", "relation": "head"} | row
        for place, (key, row) in enumerate((row["household_key"], row) for row in decisions)
    ]
    tables = {
        "decisions": pa.Table.from_pylist([{n: row[n] for n in DECIDED.names} for row in decisions], DECIDED),
        "identities": pa.Table.from_pylist([{n: row[n] for n in WHO.names} for row in who], WHO),
        "branches": BRANCHES,
        "villages": VILLAGES,
    }
    found = contacts(new_store(tmp_path).keys, "p1", ON, usage or Usage(), held, tables)
    return found.get("0071", [])


def why(found: list[Contact]) -> dict[str, str]:
    return {one.name[1:]: one.why for one in found}


def test_each_line_is_listed_over_one_thing(tmp_path):
    no = {"decision": "declined", "limit_yuan": 0, "valid_to": None}
    found = listed(
        tmp_path,
        {
            "a": {},
            "b": {},
            "c": {},
            "d": {"valid_to": date(2027, 2, 2)},
            "e": {"valid_to": date(2027, 2, 3)},
            "f": no | {"reason_codes": ["OVERDUE"]},
            "g": no | {"reason_codes": ["OVERDUE", "LOWEST_BAND"]},
            "h": no | {"reason_codes": ["LOWEST_BAND"]},
            "i": no | {"reason_codes": ["RENEWAL_DUE"], "decision": "manual_review"},
            "j": no | {"reason_codes": ["LOWEST_BAND"]},
        },
        Usage(
            contracts=line("b", "c", "e"),
            draws=line("c", "e"),
            renewals_due=line("i"),
            follow_up=pa.Table.from_pylist(
                [{"household_key": "j", "product": "farmer_line", "tags": ["large_grower"]}], FOLLOWED
            ),
        ),
    )
    assert why(found) == {
        "a": "unsigned", "b": "undrawn", "d": "ending", "f": "held_back", "i": "ending", "j": "grower",
    }  # fmt: skip
    assert {one.name[1:]: one.note for one in found}["f"] == MENDED_BY["OVERDUE"]
    assert {one.name[1:]: one.limit_yuan for one in found}["f"] == 0


def test_a_debt_or_a_draw_that_asks_for_a_look_goes_before_all_else(tmp_path):
    said = [("a", "owed_above_limit"), ("a", "drawn_against_purpose"), ("b", "drawn_against_purpose"),
            ("d", "owed_above_limit")]  # fmt: skip
    warned = [{"household_key": key, "product": "farmer_line", "warning": word} for key, word in said]
    usage = Usage(contracts=line("a", "c"), draws=line("a"), warned=pa.Table.from_pylist(warned, WARNED))
    found = listed(tmp_path, {"c": {}, "b": {"valid_to": date(2026, 12, 1)}, "a": {}, "d": {}}, usage, held=("d",))
    assert [(one.name[1:], one.why) for one in found] == [
        ("a", "owed_above_limit"), ("b", "drawn_against_purpose"), ("c", "undrawn"),
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(contact_files(found)[TABLE].decode("utf-8-sig"))))
    assert [row["事由"] for row in rows] == ["欠款超过额度", "用途待核实", "已签约未用信"]


@pytest.mark.parametrize("code", sorted(OBJECTING))
def test_who_is_held_objects_or_opted_out_is_in_no_list(tmp_path, code: str):
    found = listed(
        tmp_path, {"a": {}, "b": {}, "c": {"reason_codes": [code]}, "d": {}}, Usage(opted_out=["b"]), held=("a",)
    )
    assert why(found) == {"d": "unsigned"}


def test_growers_come_first_in_their_village_then_what_is_to_be_done(tmp_path):
    grower = pa.Table.from_pylist([{"household_key": "d", "product": "farmer_line", "tags": ["family_farm"]}], FOLLOWED)
    found = listed(
        tmp_path,
        {
            "a": {"township_code": OTHER[:9], "village_code": OTHER},
            "b": {},
            "c": {"valid_to": date(2026, 12, 1)},
            "d": {},
            "e": {},
        },
        Usage(contracts=line("b"), follow_up=grower),
    )
    assert [(one.manager_number, one.name[1:]) for one in found] == [
        ("0300", "d"),
        ("0300", "e"),
        ("0300", "c"),
        ("0300", "b"),
        ("", "a"),
    ]


def test_a_telephone_says_whose_it_is(tmp_path):
    found = listed(
        tmp_path, {"a": {"phone": "1"}, "b": {"phone": "1"}, "c": {"phone": None}, "d": {"relation": "spouse"}, "e": {}}
    )
    notes = {one.name[1:]: one.note for one in found}
    assert notes["a"] == notes["b"] == "电话为多户共用，请先确认本人"
    assert (notes["c"], notes["d"], notes["e"]) == ("无可用电话，请上门", "电话为户主的", "")


def test_a_sheet_a_manager_prints_one_page_wide_with_its_sum_and_one_for_whom_there_is_none(tmp_path):
    away = {"township_code": OTHER[:9], "village_code": OTHER}
    found = listed(tmp_path, {f"h{n}": away if n == 5 else {} for n in range(6)})
    files = contact_files(found)
    book = openpyxl.load_workbook(io.BytesIO(files[BOOK]))
    assert book.sheetnames == ["01 0300", f"02 {NO_MANAGER}"]
    sheet = book.worksheets[0]
    assert [cell.value for cell in sheet[3]] == [name for name, _ in COLUMNS]
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.print_area == "'01 0300'!$A$1:$K$9"
    assert (sheet["A9"].value, sheet["H9"].value) == ("合计（5 笔）", 50_000)
    rows = list(csv.DictReader(io.StringIO(files[TABLE].decode("utf-8-sig"))))
    assert [row["household_ref"] for row in rows] == [one.household_ref for one in found]
    assert contact_files(found) == files
    assert contact_files([]) == {}


def test_what_a_household_can_mend_is_a_reason_that_it_is_told():
    assert set(MENDED_BY) | OBJECTING <= set(DECISION_REASONS)
    assert not set(MENDED_BY) & OBJECTING
