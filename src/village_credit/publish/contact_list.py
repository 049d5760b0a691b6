"""A county's publication becomes a customer manager's list: whom to call or visit in each village, and over what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from typing import Any

import pyarrow as pa

from data_contracts.branch import PRODUCTS_ZH
from data_contracts.reasons import MENDED_BY, OBJECTING
from village_credit.duckdb_session import query_cursor
from village_credit.pseudonyms import Keys, household_ref
from village_credit.publish.printed_sheet import formats_of, head, lay_out, new_book, write_texts
from village_credit.publish.safe_csv import csv_bytes
from village_credit.sql_files import sql

BOOK, TABLE = "contacts.xlsx", "contacts.csv"
ENDING_DAYS = 92  # a line that ends within them is spoken of
WHY_ZH = {
    "owed_above_limit": "欠款超过额度",
    "drawn_against_purpose": "用途待核实",
    "unsigned": "已授信未签约",
    "ending": "即将到期",
    "undrawn": "已签约未用信",
    "held_back": "补齐一项即可再评",
    "grower": "大户回访",
}
NO_MANAGER = "未指定客户经理"
# header, width in characters: together one A4 page lies across. No wider than 161: scaled down further, LibreOffice 7.4
# leaves the last rows of a long list unprinted, the sum among them
COLUMNS = (
    ("序号", 6),
    ("村", 16),
    ("姓名", 17),
    ("电话", 14),
    ("大户", 6),
    ("事由", 18),
    ("产品", 19),
    ("授信金额", 11),
    ("到期日", 11),
    ("备注", 26),
    ("联系结果", 16),
)
HEADER = ["household_ref", "customer_manager", *(name for name, _ in COLUMNS[1:-1])]
LIMIT, LAST = 7, len(COLUMNS) - 1
HEADER_ROW = 2
SHEET_NAME = 24  # letters of a staff number in a sheet's name, which holds 31

LINE = pa.schema([("household_key", pa.string()), ("product", pa.string())])
WARNED = LINE.append(pa.field("warning", pa.string()))
FOLLOWED = LINE.append(pa.field("tags", pa.list_(pa.string())))


@dataclass(frozen=True)
class Usage:
    """What is known of a county's lines beside the decisions, as tables."""

    contracts: pa.Table = field(default_factory=LINE.empty_table)  # household_key, product of whoever signed
    draws: pa.Table = field(default_factory=LINE.empty_table)  # of whoever drew
    follow_up: pa.Table = field(default_factory=FOLLOWED.empty_table)  # of the run: household_key, product, tags
    renewals_due: pa.Table = field(default_factory=LINE.empty_table)  # of the run: lines that are over
    opted_out: Sequence[str] = ()  # household_key of who wants no calls
    warned: pa.Table = field(default_factory=WARNED.empty_table)  # what of draws and debts asks for a look


@dataclass(frozen=True)
class Contact:
    """One line of a list."""

    household_ref: str
    manager_number: str
    village: str
    name: str
    phone: str
    is_grower: bool
    why: str
    product: str
    limit_yuan: int
    valid_to: date | None
    note: str

    def texts(self) -> list[Any]:
        """Return its cells from the village on, as they are written."""
        return [
            self.village, self.name, self.phone, "是" if self.is_grower else "", WHY_ZH[self.why],
            PRODUCTS_ZH[self.product], self.limit_yuan, self.valid_to, self.note,
        ]  # fmt: skip


def contacts(
    keys: Keys, publication_id: str, on: date, usage: Usage, held: Iterable[str], tables: dict[str, pa.Table]
) -> dict[str, list[Contact]]:
    """Return whom each branch calls, by branch code: by customer manager and village, growers first.

    `tables`: decisions, identities, branches, villages. Who is held, objects or opted out is in none.
    """
    connection = query_cursor()
    silent = {*held, *usage.opted_out, *objecting(tables["decisions"])}
    given = tables | {
        name: getattr(usage, name) for name in ("contracts", "draws", "follow_up", "renewals_due", "warned")
    }
    given["silent"] = pa.table({"household_key": pa.array(sorted(silent), pa.string())})
    given["mendable"] = pa.table({"reason_code": pa.array(sorted(MENDED_BY), pa.string())})
    for name, table in given.items():
        connection.register(name, table)
    values = {"ending_by": on + timedelta(days=ENDING_DAYS)}
    found: dict[str, list[Contact]] = {}
    for row in connection.sql(sql("publish", "contacts"), params=values).to_arrow_table().to_pylist():
        reference = household_ref(keys, publication_id, row["unit_code"], row["product"])
        found.setdefault(row["branch_code"], []).append(_contact(reference, row))
    return found


def objecting(decisions: pa.Table) -> set[str]:
    """Return who objects to automation or to a datum, or took a consent back, by household_key."""
    connection = query_cursor()
    connection.register("decisions", decisions)
    query = "SELECT DISTINCT household_key FROM decisions WHERE list_has_any(reason_codes, $objecting)"
    return {key for (key,) in connection.execute(query, {"objecting": sorted(OBJECTING)}).fetchall()}


def _contact(reference: str, row: dict[str, Any]) -> Contact:
    notes = (
        MENDED_BY.get(row["reason"] or "", ""),
        "" if row["phone"] else "无可用电话，请上门",
        "电话为户主的" if row["is_of_another"] else "",
        "电话为多户共用，请先确认本人" if row["is_shared"] else "",
    )
    copied = ("manager_number", "village", "name", "is_grower", "why", "product", "limit_yuan", "valid_to")
    note = "；".join(filter(None, notes))
    return Contact(reference, phone=row["phone"] or "", note=note, **{name: row[name] for name in copied})


def contact_files(mine: Sequence[Contact]) -> dict[str, bytes]:
    """Return a branch's list as a workbook to print and a table; none where nobody is to be called."""
    if not mine:
        return {}
    cells = [[one.household_ref, one.manager_number, *one.texts()] for one in mine]
    return {BOOK: _workbook(mine), TABLE: csv_bytes(HEADER, cells)}


def _workbook(mine: Sequence[Contact]) -> bytes:
    """Draw a sheet a customer manager; of townships without one, one of their own."""
    book, buffer = new_book()
    formats = formats_of(book)
    by_manager = [(number, list(group)) for number, group in groupby(mine, key=lambda one: one.manager_number)]
    for place, (number, rows) in enumerate(by_manager, start=1):
        name = f"{place:02d} {number[:SHEET_NAME] or NO_MANAGER}"
        _sheet(book.add_worksheet(name), number or NO_MANAGER, rows, formats)
    book.close()
    return buffer.getvalue()


def _sheet(sheet: Any, manager: str, rows: Sequence[Contact], formats: dict[str, Any]) -> None:
    last = HEADER_ROW + len(rows) + 1
    lay_out(sheet, COLUMNS, HEADER_ROW, last)
    head(sheet, f"整村授信联系清单（客户经理 {manager}）", COLUMNS, HEADER_ROW, formats)
    for number, one in enumerate(rows, start=1):
        _write_row(sheet, HEADER_ROW + number, number, one, formats)
    sheet.merge_range(last, 0, last, LIMIT - 1, f"合计（{len(rows)} 笔）", formats["head"])
    sheet.write_number(last, LIMIT, sum(one.limit_yuan for one in rows), formats["money"])
    sheet.merge_range(last, LIMIT + 1, last, LAST, "", formats["text"])


def _write_row(sheet: Any, at: int, number: int, one: Contact, formats: dict[str, Any]) -> None:
    cells = enumerate(one.texts(), start=1)
    texts = {column: "" if cell is None else str(cell) for column, cell in cells if column != LIMIT}
    sheet.write_number(at, 0, number, formats["money"])
    write_texts(sheet, at, texts | {LAST: ""}, COLUMNS, formats)
    sheet.write_number(at, LIMIT, one.limit_yuan, formats["money"])
