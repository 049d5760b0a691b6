"""What would end the whole process inside the workbook library is measured, or tried in a child, beforehand.

A cell far off makes the library lay out every cell before it, hundreds of gigabytes; a damaged xls asks for
as much by a false length. Neither raises: the process is gone, and with it the county's run.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from python_calamine import CalamineError

from village_credit.errors import ReaderFailed

CUT = "damaged or cut short: deliver it again"
LOCKED, LOCKED_CODE = "the workbook has a password: take it off, save and deliver again", "PASSWORD_PROTECTED"
MAX_CELLS = 40_000_000  # a sheet of 300,000 rows has some 6 million; 40 million take 2 GB
USUAL_COLUMNS = 64
MOST_FILLED = 2_000_000  # cells that one said to be repeated may fill: a whole column of a sheet, and no more
CHILD_BYTES = 4 << 30
CHILD_SECONDS = 120
BEGUN = b"begun"
IS_DAMAGED = 3  # what the child says of a file that the library refuses
FALSE_LENGTH = 64  # times the file's bytes: no workbook asks for so much at once
_REFUSED_MEMORY = re.compile(rb"memory allocation of ([0-9]+) bytes failed")
_OPENING = f"""
import io, json, resource, sys
content = sys.stdin.buffer
sys.path[:] = json.loads(content.readline())
from python_calamine import CalamineWorkbook
resource.setrlimit(resource.RLIMIT_AS, ({CHILD_BYTES}, {CHILD_BYTES}))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
print({BEGUN.decode()!r}, flush=True)
try:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content.read()))
    for name in book.sheet_names:
        book.get_sheet_by_name(name).to_python()
except MemoryError:
    raise
except BaseException:
    sys.exit({IS_DAMAGED})
"""


class Damaged(Exception):
    """A file's own bytes are at fault: a reason's code, and what to do. No other exception is called damage."""

    def __init__(self, sentence: str, code: str = "UNREADABLE_FILE") -> None:
        """Keep the reason's code beside the sentence."""
        super().__init__(sentence)
        self.code = code


def require_room(cells: int) -> None:
    """Raise `Damaged` where few bytes claim more cells without a value than any table has."""
    if cells > MOST_FILLED:
        raise Damaged("errors or formulas without a result fill millions of cells: delete them and deliver again")


def survives(content: bytes) -> bool:
    """Tell whether a workbook can be opened, by opening it in a process of its own.

    Raises `ReaderFailed` where the process fails for another cause than the file.
    """
    try:
        done = subprocess.run(  # noqa: S603  # our own interpreter; the file is its standard input
            [sys.executable, "-I", "-c", _OPENING],
            input=json.dumps(sys.path).encode() + b"\n" + content,
            capture_output=True,
            timeout=CHILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ReaderFailed(f"a workbook took longer than {CHILD_SECONDS} s to open: run again with less load") from None
    except OSError as error:
        raise ReaderFailed(f"no process could be started to read a workbook ({type(error).__name__})") from None
    if not done.stdout.startswith(BEGUN):
        raise ReaderFailed("the process that reads workbooks did not begin: is this Python whole?")
    if _lacked_memory(done.returncode, done.stderr, len(content)):
        raise ReaderFailed("a workbook could not be opened for want of memory: run again with more")
    return done.returncode == 0


def _lacked_memory(code: int, said: bytes, size: int) -> bool:
    """Tell the machine's want of memory from a damaged file, which asks for absurdly much at once."""
    if code in (0, IS_DAMAGED):
        return False
    asked = _REFUSED_MEMORY.search(said)
    return code == -signal.SIGKILL or b"MemoryError" in said or bool(asked and int(asked[1]) < FALSE_LENGTH * size)


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Turn the library's panic, which no `except Exception` catches, into its ordinary error."""
    try:
        yield
    except BaseException as panic:
        if type(panic).__name__ != "PanicException":
            raise
        raise CalamineError("the workbook library gave up") from None
