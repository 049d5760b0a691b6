"""What would end the whole process inside the workbook library is measured, or tried in a child, beforehand.

A cell far off makes the library lay out every cell before it, hundreds of gigabytes; a damaged xls asks for
as much by a false length. Neither raises: the process is gone, and with it the county's run.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from python_calamine import CalamineError

MAX_CELLS = 40_000_000  # a sheet of 300,000 rows has some 6 million; 40 million take 2 GB
USUAL_COLUMNS = 64
CHILD_BYTES = 4 << 30
CHILD_SECONDS = 120
_FAR = re.compile(rb'<c\b[^>]*?\br="(?:B[M-Z]|[C-Z][A-Z]|[A-Z]{3})[0-9]')  # beyond the usual 64 columns
_VALUE_CELL = re.compile(rb'<c\b[^>]*?\br="([A-Z]+)([0-9]+)"[^>]*(?<!/)>')
_OPENING = f"""
import io, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({CHILD_BYTES}, {CHILD_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
from python_calamine import CalamineWorkbook
book = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
for name in book.sheet_names:
    book.get_sheet_by_name(name).to_python()
"""


def survives(content: bytes) -> bool:
    """Tell whether a workbook can be opened, by opening it in a process of its own."""
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter; the file is its standard input
            [sys.executable, "-I", "-c", _OPENING],
            input=content,
            capture_output=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def cells_spanned(xml: bytes, rows: int) -> int:
    """Return at most how many cells lie between A1 and the farthest cell with a value; `rows`: of the sheet."""
    if rows * USUAL_COLUMNS <= MAX_CELLS and not _FAR.search(xml):
        return rows * USUAL_COLUMNS
    height = width = 0
    for letters, number in _VALUE_CELL.findall(xml):
        height, width = max(height, int(number)), max(width, column_number(letters))
    return height * width


def column_number(letters: bytes) -> int:
    """Return a column's number from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Turn the library's panic, which no `except Exception` catches, into its ordinary error."""
    try:
        yield
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
        raise CalamineError("the workbook library gave up") from None
