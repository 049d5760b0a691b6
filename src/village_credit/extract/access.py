"""The tables of an Access database become rows of text, where mdbtools is installed to read them.

No reader in Python knows every Jet version; mdbtools does. It asks for a file and not a stream: it is given
one that has no name and lies in memory only, so that no line of a delivery is left behind on a disk.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from typing import BinaryIO

from village_credit.extract.grid import Grid
from village_credit.extract.workbooks import EXACT_DIGITS, cell_text

SECONDS = 300  # for a database as a whole
TOOL_BYTES = 4 << 30  # of memory, and of one exported table
TOOLS = ("mdb-tables", "mdb-count", "mdb-export")
MIDNIGHT = " 00:00:00"
_EXPONENT = re.compile(r"-?[0-9](?:\.[0-9]+)?e[+-][0-9]{2,3}")  # as the C library writes a long number
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")
_MIDNIGHT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}" + MIDNIGHT)
_LIMITED = f"""
import os, resource, sys
for limit in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE):
    resource.setrlimit(limit, ({TOOL_BYTES}, {TOOL_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
os.execv(sys.argv[1], sys.argv[1:])
"""


class AccessUnreadable(Exception):
    """The database cannot be read here: says why, and never a value."""


def read_access(content: bytes) -> list[Grid]:
    """Read every table, in the database's order; line 1 of each is its header, as mdb-export writes it.

    Raises `AccessUnreadable` where mdbtools is absent, fails, or takes too long.
    """
    if not all(map(shutil.which, TOOLS)):
        raise AccessUnreadable("mdbtools is not installed here")
    ends_at = time.monotonic() + SECONDS
    with _in_memory() as database:
        database.write(content)
        database.flush()
        names = _run(["mdb-tables", "-1", "-t", "table", _path(database)], database, ends_at)
        tables = [_table(name, database, ends_at) for name in names.split("\n") if name]
    if not tables:
        raise AccessUnreadable("no table was found in it")
    return tables


def _table(name: str, database: BinaryIO, ends_at: float) -> Grid:
    """Export one table: days as ISO, pictures left out; say where rows that it promises are not there."""
    how = ["-D", "%F", "-T", "%F %T", "-b", "strip"]
    grid = grid_of(name, _run(["mdb-export", *how, _path(database), name], database, ends_at))
    promised = _run(["mdb-count", _path(database), name], database, ends_at).split()[-1:]
    if promised != [str(len(grid.cells) - 1)]:
        said = next((word for word in promised if word.isdecimal()), "an unknown number of")
        note = f"the database promises {said} rows, {len(grid.cells) - 1} were read: deliver it again"
        grid.notes.append(("UNREADABLE_FILE", note))
    return grid


def grid_of(name: str, exported: str) -> Grid:
    """Number the rows of an exported table by its physical lines; a line feed within a text counts."""
    reader = csv.reader(io.StringIO(exported, newline="\n"), strict=True)
    grid = Grid(sheet=name, total_lines=0, encoding="utf-8")
    start = 1
    try:
        for cells in reader:
            grid.add(start, reader.line_num, [_cell(cell) for cell in cells])
            start = reader.line_num + 1
    except csv.Error:
        raise AccessUnreadable("what mdb-export wrote is no table") from None
    grid.total_lines = reader.line_num
    return grid


def _cell(text: str) -> str:
    """Write a long number as a spreadsheet keeps it, and a moment at midnight as its day."""
    if _EXPONENT.fullmatch(text) or (len(text) > EXACT_DIGITS + 1 and _FRACTION.fullmatch(text)):
        return cell_text(float(text))
    return text.removesuffix(MIDNIGHT) if _MIDNIGHT.fullmatch(text) else text


def _in_memory() -> BinaryIO:
    return open(os.memfd_create("delivered"), "w+b")  # noqa: PTH123  # a descriptor has no path


def _path(file: BinaryIO) -> str:
    return f"/proc/self/fd/{file.fileno()}"


def _run(command: list[str], database: BinaryIO, ends_at: float) -> str:
    """Run one tool with bounded memory and time; its words on failure may hold values and are not passed on."""
    tool = str(shutil.which(command[0]))
    with _in_memory() as answer:
        try:
            done = subprocess.run(  # noqa: S603  # our own interpreter, then mdbtools by its full path
                [sys.executable, "-I", "-c", _LIMITED, tool, *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                pass_fds=[database.fileno()],
                env={"PATH": os.defpath, "LANG": "C.UTF-8", "MDBICONV": "UTF-8"},
                timeout=max(0.0, ends_at - time.monotonic()),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AccessUnreadable(f"{command[0]} took longer than {SECONDS} s") from None
        if done.returncode:
            raise AccessUnreadable(f"{command[0]} could not read it")
        answer.seek(0)
        return _decoded(answer.read())


def _decoded(answer: bytes) -> str:
    try:
        return answer.decode("utf-8")
    except UnicodeDecodeError:
        raise AccessUnreadable("what mdbtools wrote is no text") from None
