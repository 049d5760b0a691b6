"""A file without some of its lines: what is left has its place, and reads as it read before, or nothing is left.

Text keeps its encoding, each line that goes leaving an empty one; a dbf record and a Parquet row are blanked in their
place. A workbook becomes a plain one: the same sheets, every cell text. An archive is packed anew of such members, an
Access database as an archive of CSV tables. Whatever does not read back the same is erased whole.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import xlsxwriter

from village_credit.errors import VillageCreditError
from village_credit.extract import archive
from village_credit.extract.grid import DeliveredFile, Grid
from village_credit.extract.lines import utf16_of
from village_credit.extract.read import kind_of, read_grids
from village_credit.store.runs import parquet_bytes

Gone = Mapping[str, set[int]]  # sheet → numbers of the lines that go
JOINT = " / "  # between an archive's member and its sheet
MAX_SHEET_NAME = 31
MADE_ON = datetime(2000, 1, 1, tzinfo=UTC)  # the same rows give the same bytes: a day alone is passed over
ZIP_DAY = (1980, 1, 1, 0, 0, 0)
DELETED_RECORD = b"*"
BARE_CELLS = re.compile(r"[,;|\t]")  # of a line that no parser saw


def without_lines(file_name: str, content: bytes, gone: Gone) -> bytes | None:
    """Return a file without some lines; None where what is left cannot be written so that it reads as before."""
    try:
        left = _written(content, gone)
    except (OSError, ValueError, struct.error, pa.ArrowException, xlsxwriter.exceptions.XlsxWriterException):
        return None
    return left if left is not None and _reads_the_same(file_name, content, left, gone) else None


def grids_of(file_name: str, content: bytes) -> list[Grid]:
    """Return the tables of a file; none of what cannot be read."""
    file = DeliveredFile(file_name, content, "")
    try:
        return [grid for grid in read_grids(file) if isinstance(grid, Grid)]
    except VillageCreditError:
        return []


def rows_of(grid: Grid) -> Iterator[tuple[range, list[str]]]:
    """Return the lines and cells of each row; of a line that no parser saw, what can be seen of it."""
    for start, end, cells in zip(grid.starts, grid.ends, grid.cells, strict=True):
        yield range(start, end + 1), cells
    for line, _ in grid.condemned:
        yield range(line, line + 1), BARE_CELLS.split(grid.bare.get(line, ""))


def _written(content: bytes, gone: Gone) -> bytes | None:
    kind = kind_of(content)
    if kind == "zip":
        return _archive(content, gone)
    if kind == "access":
        return _tables(grids_of("", content), gone)
    return _table(content, kind, gone)


def _table(content: bytes, kind: str, gone: Gone) -> bytes | None:
    if kind == "text":
        return _text(content, gone.get("", set()))
    if kind == "dbf":
        return _dbf(content, gone.get("", set()))
    if kind == "parquet":
        return _parquet(content, gone.get("", set()))
    return None if kind == "document" else _workbook(grids_of("", content), gone)


def _text(content: bytes, gone: set[int]) -> bytes:
    """Empty lines of a text; their ends stay."""
    wide = utf16_of(content)
    mark, body = _mark(content, wide)
    feed = "\n".encode(wide) if wide else b"\n"
    back = "\r".encode(wide) if wide else b"\r"
    pieces = _pieces(body, feed)
    for number in gone:
        if 0 < number <= len(pieces):
            pieces[number - 1] = back if pieces[number - 1].endswith(back) else b""
    return mark + feed.join(pieces)


def _mark(content: bytes, wide: str | None) -> tuple[bytes, bytes]:
    size = 3 if content.startswith(b"\xef\xbb\xbf") else 2 if wide and content[:2] in (b"\xff\xfe", b"\xfe\xff") else 0
    return content[:size], content[size:]


def _pieces(body: bytes, feed: bytes) -> list[bytes]:
    """Split at line feeds that stand at whole characters."""
    if len(feed) == 1:
        return body.split(feed)
    pieces, start, at = [], 0, body.find(feed)
    while at >= 0:
        if at % 2 == 0:
            pieces.append(body[start:at])
            start = at + 2
        at = body.find(feed, at + (2 if at % 2 == 0 else 1))
    return [*pieces, body[start:]]


def _dbf(content: bytes, gone: set[int]) -> bytes:
    """Blank records and mark them deleted, those too that the office deleted: nobody reads them."""
    header, record = struct.unpack_from("<HH", content, 8)
    left = bytearray(content)
    for begin in range(header, len(content) - record + 1, record):
        if 1 + (begin - header) // record in gone or content[begin : begin + 1] == DELETED_RECORD:
            left[begin : begin + record] = DELETED_RECORD + b" " * (record - 1)
    return bytes(left)


def _parquet(content: bytes, gone: set[int]) -> bytes:
    table = pq.read_table(io.BytesIO(content), partitioning=None)
    stays = pa.array([number not in gone for number in range(1, table.num_rows + 1)], pa.bool_())
    columns = [pc.if_else(stays, _plain(column), pa.scalar(None, _plain(column).type)) for column in table.columns]
    return parquet_bytes(pa.table(columns, names=table.column_names))


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without a dictionary, which keeps values that no row has any more."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _workbook(grids: list[Grid], gone: Gone) -> bytes | None:
    """Write sheets with every cell as text, those that go left empty."""
    if not grids or any(len(grid.sheet) > MAX_SHEET_NAME for grid in grids):
        return None
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options | {"date_1904": grids[0].is_1904})
    book.set_properties({"created": MADE_ON})
    for grid in grids:
        _sheet(book.add_worksheet(grid.sheet), grid, gone.get(grid.sheet, set()), book.add_format())
    book.close()
    return buffer.getvalue()


def _sheet(sheet: xlsxwriter.worksheet.Worksheet, grid: Grid, gone: set[int], blank: xlsxwriter.format.Format) -> None:
    if grid.total_lines:
        sheet.write_blank(grid.total_lines - 1, 0, None, blank)  # blank rows below count as before
    for lines, cells in rows_of(grid):
        for column, cell in enumerate(() if lines.start in gone else cells):
            if cell:
                sheet.write_string(lines.start - 1, column, cell)


def _tables(grids: list[Grid], gone: Gone) -> bytes | None:
    """Write tables whose first row is their header as an archive of CSV files."""
    if not grids:
        return None
    members = {f"{grid.sheet}.csv": _csv(grid, gone.get(grid.sheet, set())) for grid in grids}
    return _zip(members)


def _csv(grid: Grid, gone: set[int]) -> bytes:
    rows = {lines.start: cells for lines, cells in rows_of(grid) if lines.start not in gone}
    lines = [",".join(map(_quoted, rows.get(number, []))) for number in range(1, grid.total_lines + 1)]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode("utf-8")


def _quoted(cell: str) -> str:
    flat = cell.replace("\r", " ").replace("\n", " ")
    return '"' + flat.replace('"', '""') + '"' if any(mark in flat for mark in ',"') else flat


def _archive(content: bytes, gone: Gone) -> bytes | None:
    """Pack an archive anew: members of which lines go are written without them, the others as they are."""
    members: dict[str, bytes] = {}
    for member in archive.members(content, lambda _: True):
        if member.refusal:
            return None
        own = _of_member(member.name, gone)
        left = _table(member.content, kind_of(member.content), own) if own else member.content
        if left is None:
            return None
        members[member.name] = left
    return _zip(members)


def _of_member(name: str, gone: Gone) -> dict[str, set[int]]:
    """Return the lines that go of an archive's member, by its sheet."""
    inside = {sheet.removeprefix(name).removeprefix(JOINT): lines for sheet, lines in gone.items() if lines}
    return {sheet: inside[sheet] for sheet in inside if name + (JOINT + sheet if sheet else "") in gone}


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(zipfile.ZipInfo(name, ZIP_DAY), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _reads_the_same(file_name: str, content: bytes, left: bytes, gone: Gone) -> bool:
    """Tell whether every line that stays reads as it did, under its number, and every other is empty."""
    now = {_key(grid.sheet): grid for grid in grids_of(file_name, left)}
    for grid in grids_of(file_name, content):
        lines = gone.get(grid.sheet, set())
        said = _said(grid, lines)
        found = now.get(_key(grid.sheet))
        if (found is None and said) or (found is not None and _said(found, set()) != said):
            return False
        if found is not None and (found.is_1904 != grid.is_1904 or found.total_lines != grid.total_lines):
            return False
    return True


def _key(sheet: str) -> str:
    """Name a table without what an archive's member adds: an Access table `CBF` becomes `CBF.csv`."""
    return str(PurePosixPath(sheet).with_suffix("")) if sheet.endswith(".csv") and JOINT not in sheet else sheet


def _said(grid: Grid, gone: set[int]) -> dict[int, tuple[str, ...]]:
    """Return the cells of each row that stays and says anything, by its line."""
    found = {}
    for lines, cells in rows_of(grid):
        last = max((place for place, cell in enumerate(cells) if cell), default=-1)
        if last >= 0 and lines.start not in gone:
            found[lines.start] = tuple(cells[: last + 1])
    return found
