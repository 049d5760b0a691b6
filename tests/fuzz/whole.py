"""Whole files of every format that offices deliver, all of the same sixty rows, before anything is done to them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
import xlwt

from data_contracts.fields import check_character

HEADER = ("身份证号", "姓名", "关系", "更新日期")
ENCODINGS = {"csv_gb18030": "gb18030", "csv_utf8": "utf-8", "csv_bom": "utf-8-sig", "csv_utf16": "utf-16"}
BY_LIBREOFFICE = Path(__file__).parent / "seeds"
Row = tuple[Any, ...]


@cache
def rows() -> tuple[Row, ...]:
    """Sixty rows that every contract's rule accepts; the ID number tells a row from the others."""
    relations = ("董事", "监事", "信贷人员", "近亲属", "二,组", "独立董事")
    names = ("王五", "吐尔逊·阿合买提", "㛃丽", "欧阳某", "李某某")
    found = []
    for order in range(60):
        first_17 = f"6599001980010{1000 + order}"
        number = first_17 + check_character(first_17)
        found.append(
            (number, names[order % 5], relations[order % 6], f"2026-{order % 12 + 1:02d}-{order % 28 + 1:02d}")
        )
    return tuple(found)


def text(table: tuple[Row, ...], encoding: str) -> bytes:
    cells = [[f'"{cell}"' if "," in str(cell) else str(cell) for cell in row] for row in (HEADER, *table)]
    return "".join(",".join(row) + "\r\n" for row in cells).encode(encoding)


def xlsx(table: tuple[Row, ...]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        page = book.add_worksheet("表")
        for number, row in enumerate((HEADER, *table)):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("#"):
                    page.write_formula(number, column, "=NA()", None, cell)
                else:
                    page.write(number, column, cell)
    return buffer.getvalue()


def xls(table: tuple[Row, ...]) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    page = book.add_sheet("表")
    for number, row in enumerate((HEADER, *table)):
        for column, cell in enumerate(row):
            page.write(number, column, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def dbf(table: tuple[Row, ...]) -> bytes:
    widths = (18, 30, 20, 10)
    head = struct.pack("<BBBBIHH20x", 0x03, 120, 1, 1, len(table), 33 + 32 * 4, 1 + sum(widths))
    fields = [
        struct.pack("<11sc4xBB14x", name.encode("gb18030"), b"C", width, 0)
        for name, width in zip(HEADER, widths, strict=True)
    ]
    records = [
        b" " + b"".join(str(c).encode("gb18030")[:w].ljust(w) for c, w in zip(row, widths, strict=True))
        for row in table
    ]
    return head + b"".join(fields) + b"\r" + b"".join(records) + b"\x1a"


def parquet(table: tuple[Row, ...]) -> bytes:
    buffer = io.BytesIO()
    columns = [[None if row[at] is None else str(row[at]) for row in table] for at in range(4)]
    pq.write_table(pa.table([pa.array(column, pa.string()) for column in columns], names=list(HEADER)), buffer)
    return buffer.getvalue()


def archive(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


WRITERS: dict[str, Callable[[tuple[Row, ...]], bytes]] = {
    **{kind: (lambda table, code=code: text(table, code)) for kind, code in ENCODINGS.items()},  # type: ignore[misc]
    "xlsx": xlsx,
    "xls": xls,
    "dbf": dbf,
    "parquet": parquet,
    "zip": lambda table: archive(("关系人.csv", text(table, "gb18030"))),
}


@cache
def whole(kind: str) -> tuple[bytes, ...]:
    """Return the whole files of a kind; of workbooks also what LibreOffice writes."""
    made = [WRITERS[kind](rows())]
    if kind == "zip":
        made.append(archive(*[(f"{k}.bin", WRITERS[k](rows())) for k in ("csv_utf16", "xlsx", "dbf")]))
    return (*made, *(path.read_bytes() for path in sorted(BY_LIBREOFFICE.glob(f"*.{kind}"))))


KINDS = tuple(WRITERS)
