"""Physical lines counted by other means than our reader: line feeds, dbf headers, another workbook library."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import duckdb
import openpyxl

from tests.conftest import Scored


def counted(path: Path, name: str) -> dict[tuple[str, str], int]:
    """Count a delivered file's lines per sheet; a file that nobody can open counts none."""
    content = path.read_bytes()
    if name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {(name, info.filename): _lines(archive.read(info), info.filename) for info in archive.infolist()}
    if name.endswith(".xlsx"):
        try:
            book = openpyxl.load_workbook(io.BytesIO(content))
        except (zipfile.BadZipFile, KeyError):
            return {}
        return {(name, sheet.title): sheet.max_row for sheet in book.worksheets}
    return {} if name.endswith(".xls") else {(name, ""): _lines(content, name)}


def _lines(content: bytes, name: str) -> int:
    if name.endswith(".dbf"):
        return struct.unpack_from("<I", content, 4)[0]
    feed = b"\n\x00" if content.startswith(b"\xff\xfe") else b"\n"
    return content.count(feed) + (not content.endswith(feed))


def found(scored: Scored) -> dict[tuple[str, str], int]:
    connection = duckdb.connect(str(scored.store.warehouse), read_only=True)
    rows = connection.execute(
        "SELECT file_name, sheet, count(*), max(line_number) FROM reconciliation GROUP BY ALL"
    ).fetchall()
    connection.close()
    assert all(count == last for _, _, count, last in rows)
    return {(file, sheet): count for file, sheet, count, _ in rows}


def expected(scored: Scored) -> dict[tuple[str, str], int]:
    folder = scored.inbox / scored.county_code
    merged: dict[tuple[str, str], int] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            merged |= counted(path, path.relative_to(folder).as_posix())
    return merged


def test_the_synthetic_county_s_lines_are_all_there(published: Scored):
    ours = {key: count for key, count in found(published).items() if not key[0].endswith(".xls")}
    assert ours == expected(published)


def test_the_delivery_s_lines_are_all_there(delivery: Scored):
    theirs = {
        key: count for key, count in expected(delivery).items() if count and key[1] != "Sheet2"
    }  # an empty sheet has no line
    ours = {key: count for key, count in found(delivery).items() if not key[0].endswith(".xls")}
    assert ours == theirs
