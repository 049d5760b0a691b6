"""Tables become the bytes of dbf, CSV, xlsx, xls and zip files: the same tables give the same bytes."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
import xlwt

from village_credit.synthetic.tables import File, Format, Table

ENCODINGS = {"csv_gb18030": "gb18030", "csv_utf8_bom": "utf-8-sig", "tsv_utf16": "utf-16"}
MADE_ON = datetime(2020, 1, 1)  # noqa: DTZ001  # a fixed day inside workbooks, so that bytes repeat
ZIP_DAY = (2020, 1, 1, 0, 0, 0)
DBF_LANGUAGE_GBK = 0x4D
FOOTERS = ("合计", "制表人：某某")


def write_files(folder: Path, files: list[File]) -> list[Path]:
    """Write every file below a folder; members of one archive together."""
    written: list[Path] = []
    archives: dict[str, list[File]] = {}
    for file in files:
        if file.archive:
            archives.setdefault(file.archive, []).append(file)
            continue
        written.append(_put(folder / file.path, content_of(file)))
    for path, members in archives.items():
        written.append(_put(folder / path, _zip(members)))
    return written


def _put(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def content_of(file: File) -> bytes:
    """Return one file's bytes."""
    if file.kind == "xlsx":
        return _xlsx(file.tables)
    if file.kind == "xls":
        return _xls(file.tables[0])
    return _dbf(file.tables[0]) if file.kind == "dbf" else _text(file.tables[0], file.kind)


def _zip(members: list[File]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(zipfile.ZipInfo(member.path, ZIP_DAY), content_of(member), zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def _typed(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.2f}" if value != int(value) else str(int(value))
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(table: Table, kind: Format) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter="\t" if kind == "tsv_utf16" else ",", lineterminator="\r\n")
    if table.title:
        writer.writerow([table.title] + [""] * (len(table.header) - 1))
    if table.unit_row:
        writer.writerow([table.unit_row] + [""] * (len(table.header) - 1))
    writer.writerow(table.header)
    writer.writerows(zip(*[[_typed(cell) for cell in column] for column in table.columns], strict=True))
    if table.footer:
        writer.writerows([[word] + [""] * (len(table.header) - 1) for word in FOOTERS])
    content = buffer.getvalue().encode(ENCODINGS[kind])
    return _with_raw_lines(content, table, kind) if table.raw_lines else content


def _with_raw_lines(content: bytes, table: Table, kind: Format) -> bytes:
    """Replace some lines by damaged bytes."""
    lines = content.split(b"\n")
    for row, raw in table.raw_lines.items():
        lines[row + table.first_line(kind) - 1] = raw
    return b"\n".join(lines)


def _dbf(table: Table) -> bytes:
    """Write a dBASE III table: every field text, padded with blanks."""
    columns = [[_typed(cell).encode("gb18030") for cell in column] for column in table.columns]
    widths = [max([1, *(len(cell) for cell in column)]) for column in columns]
    header = struct.pack(
        "<BBBBIHH16xBB2x", 0x03, 120, 1, 1, table.rows, 33 + 32 * len(widths), 1 + sum(widths), 0, DBF_LANGUAGE_GBK
    )
    fields = b"".join(
        struct.pack("<11sc4xBB14x", name.encode("ascii"), b"C", width, 0)
        for name, width in zip(table.header, widths, strict=True)
    )
    marks = [b"*" if row in table.deleted else b" " for row in range(table.rows)]
    padded = [[cell.ljust(width) for cell in column] for column, width in zip(columns, widths, strict=True)]
    return header + fields + b"\r" + b"".join(b"".join(cells) for cells in zip(marks, *padded, strict=True)) + b"\x1a"


def _xlsx(tables: list[Table]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(
        buffer,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
    )
    book.set_properties({"created": MADE_ON})
    dated = book.add_format({"num_format": "yyyy-mm-dd"})
    for table in tables:
        sheet = book.add_worksheet(table.sheet)
        row = 0
        for line in (table.title, table.unit_row):
            if line:
                sheet.merge_range(row, 0, row, len(table.header) - 1, line)
                row += 1
        row = _xlsx_header(sheet, table, row)
        row = _xlsx_rows(sheet, table, row, dated)
        for word in FOOTERS if table.footer else ():
            sheet.write_string(row, 0, word)
            row += 1
    book.close()
    return _repacked(buffer.getvalue())


def _xlsx_header(sheet: Any, table: Table, row: int) -> int:
    """Write one header row, or groups above and labels below."""
    at = 0
    for label, span in table.groups:
        sheet.write_string(row, at, label)
        at += span
    row += bool(table.groups)
    for index, label in enumerate(table.header):
        sheet.write_string(row, index, label)
    return row + 1


def _xlsx_rows(sheet: Any, table: Table, row: int, dated: Any) -> int:
    for cells in zip(*table.columns, strict=True):
        for index, cell in enumerate(cells):
            if isinstance(cell, str):
                if cell.startswith("#"):
                    sheet.write_formula(row, index, "=NA()", None, cell)
                elif cell:
                    sheet.write_string(row, index, cell)
            elif isinstance(cell, int | float):
                sheet.write_number(row, index, cell)
            elif cell is not None:
                sheet.write_datetime(row, index, datetime(cell.year, cell.month, cell.day), dated)  # noqa: DTZ001  # a cell has no zone
        row += 1
    return row


def _repacked(content: bytes) -> bytes:
    """Write the workbook's archive again with one fixed day, so that bytes repeat."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for info in given.infolist():
            made.writestr(zipfile.ZipInfo(info.filename, ZIP_DAY), given.read(info), zipfile.ZIP_DEFLATED, 6)
    return buffer.getvalue()


def _xls(table: Table) -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet(table.sheet or "导出")
    row = 0
    if table.title:
        sheet.write_merge(row, row, 0, len(table.header) - 1, table.title)
        row += 1
    for index, label in enumerate(table.header):
        sheet.write(row, index, label)
    for cells in zip(*table.columns, strict=True):
        row += 1
        for index, cell in enumerate(cells):
            sheet.write(row, index, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
