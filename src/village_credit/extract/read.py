"""A delivered file becomes its extracts, by what it holds and not by its name."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from data_contracts.county_terms import BARE_TERMS, CountyTerms
from village_credit.extract import access, archive, dbf, parquet, text_table, workbooks
from village_credit.extract.compound import OLE
from village_credit.extract.foreign import foreign, foreign_members
from village_credit.extract.grid import DeliveredFile, Extract, Grid, Unrecognised
from village_credit.extract.guard import CUT, Damaged
from village_credit.extract.leftovers import is_shape_part
from village_credit.extract.lines import read_lines
from village_credit.extract.recognise import recognise
from village_credit.gc_pause import resting_collector

Read = Extract | Unrecognised
ACCESS = b"\x00\x01\x00\x00Standard "
KINDS = {
    "xlsx": (".xlsx", ".xlsm"),
    "xls": (".xls", ".et"),
    "xlsb": (".xlsb",),
    "ods": (".ods", ".ots"),
    "zip": (".zip",),
    "parquet": (".parquet",),
    "dbf": (".dbf",),
    "text": (".csv", ".tsv", ".txt"),
}


def read_files(files: Iterable[DeliveredFile], terms: CountyTerms = BARE_TERMS) -> Iterator[Read]:
    """Read every file; one that cannot be read is named and the others go on."""
    for file in files:
        yield from read_file(file, terms)


def read_file(file: DeliveredFile, terms: CountyTerms = BARE_TERMS) -> Iterator[Read]:
    """Read one file as far as it can be read, by the headers that a county's terms know."""
    for grid in read_grids(file):
        with resting_collector():
            table = grid if isinstance(grid, Unrecognised) else recognise(file, grid, terms)
        del grid
        yield table


def read_grids(file: DeliveredFile) -> Iterator[Grid | Unrecognised]:
    """Return each table of a file as it stands there, before anyone knows its contract; none of a map's other parts."""
    if is_shape_part(file.file_name):
        return
    kind = kind_of(file.content)
    if kind == "zip":
        yield from _read_archive(file)
        return
    yield from _read_tables(file, "", file.content, kind)


def kind_of(content: bytes) -> str:
    """Tell a file's kind by its bytes."""
    if content.startswith(b"PK"):
        return _zip_kind(content)
    if content.startswith(OLE):
        return "xls"
    if content.startswith(ACCESS):
        return "access"
    if content.startswith(b"PAR1"):
        return "parquet"
    return "dbf" if dbf.is_dbf(content) else "text"


def _zip_kind(content: bytes) -> str:
    """Tell a workbook, or a document, from an archive of files, however its members' names are spelled."""
    names = {name.replace("\\", "/").lower() for name in archive.names(content)}
    if "xl/workbook.bin" in names:
        return "xlsb"
    if any(name.startswith("xl/") for name in names) and "[content_types].xml" in names:
        return "xlsx"
    if {"content.xml", "mimetype"} <= names:
        return "ods"
    return "document" if foreign_members(names) else "zip"


def _read_archive(file: DeliveredFile) -> Iterator[Grid | Unrecognised]:
    is_empty = True
    for member in archive.members(file.content):
        is_empty = False
        kind = kind_of(member.content)
        if member.refusal:
            yield Unrecognised(file, member.name, 0, member.code, member.refusal)
        elif kind == "zip":
            yield Unrecognised(file, member.name, 0, *_nested(member.content))
        else:
            yield from _read_tables(file, member.name, member.content, kind)
    if is_empty:
        yield Unrecognised(file, "", 0, "EMPTY_FILE", "the archive holds no file")


def _nested(content: bytes) -> tuple[str, str]:
    """Say why a member that is an archive, or a workbook cut short, is not opened."""
    if zipfile.is_zipfile(io.BytesIO(content)):
        return "ARCHIVE_REFUSED", "an archive inside an archive: deliver it by itself"
    return "UNREADABLE_FILE", CUT


def _read_tables(file: DeliveredFile, member: str, content: bytes, kind: str) -> Iterator[Grid | Unrecognised]:
    if not content:
        yield Unrecognised(
            file, member, 0, "EMPTY_FILE", "no bytes: empty, or a link that leaves the inbox; deliver the file itself"
        )
        return
    with resting_collector():
        grids = _grids(content, kind)
    if isinstance(grids, tuple):
        lines = len(read_lines(content)) if kind == "text" else 0
        yield Unrecognised(file, member, lines, *grids)
        return
    told = deque(grid for grid in grids if grid.total_lines or grid.has_fixed_header or grid.notes)
    del grids
    if not told:
        yield Unrecognised(file, member, 0, "EMPTY_FILE", "nothing is written in the file")
    while told:  # given away one by one: cells are not kept while the table that they became is judged
        yield _told(file, told.popleft(), member, kind)


def _told(file: DeliveredFile, grid: Grid, member: str, kind: str) -> Grid | Unrecognised:
    grid.sheet = " / ".join(part for part in (member, grid.sheet) if part)
    if not grid.cells and not grid.condemned:
        return Unrecognised(file, grid.sheet, 0, *grid.notes[0])
    _note_misnamed(grid, member or file.file_name, kind)
    return grid


def _note_misnamed(grid: Grid, name: str, kind: str) -> None:
    """A file read by its content under another format's name is read, and said so."""
    suffix = PurePosixPath(name).suffix.lower()
    named = next((key for key, suffixes in KINDS.items() if suffix in suffixes), None)
    if named and named != kind:
        grid.notes.append(("NOT_WHAT_NAME_SAYS", f"named {suffix}, but is {kind}"))


def _grids(content: bytes, kind: str) -> list[Grid] | tuple[str, str]:
    """Read the tables of one file or member; or the reason's code and what to do."""
    if kind == "access":
        return _access_grids(content)
    if kind == "document":
        return foreign_members(set(archive.names(content))) or ("UNREADABLE_FILE", "damaged: deliver it again")
    if kind in ("text", "xls") and (refusal := foreign(content)):
        return refusal
    try:
        return _sound_grids(content, kind)
    except Damaged as damage:
        return damage.code, str(damage)


def _sound_grids(content: bytes, kind: str) -> list[Grid] | tuple[str, str]:
    """Read a table; raises `Damaged`, and nothing else of ours is called damage."""
    if kind == "text":
        return [text_table.read_text(content)]
    if kind == "dbf":
        return [dbf.read_dbf(content)]
    if kind == "parquet":
        return [parquet.read_parquet(content)]
    if kind != "xls" and (refusal := archive.workbook_refusal(content)):
        return "ARCHIVE_REFUSED", refusal
    return workbooks.read_workbook(content)


def _access_grids(content: bytes) -> list[Grid] | tuple[str, str]:
    """Read an Access database here, or say how the office exports it."""
    try:
        return access.read_access(content)
    except access.AccessUnreadable as error:
        how = "export its tables with mdb-export -D %F -T '%F %T' and deliver the CSV files"
        return "ACCESS_DATABASE", f"{error}: {how}"
