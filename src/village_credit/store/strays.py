"""What killed writers left beside its place, and rows that a dead process spilled, are taken away."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from village_credit.store.store import SPILL
from village_credit.store.whole_files import is_left_beside

STRAY_SECONDS = 3600  # what is still beside its place after that is nobody's work in progress
SWEPT = ("vault", "frozen", "runs", "returned", "packing", "outbox", "ledger", "memos")


def sweep(root: Path) -> None:
    """Take away what lies beside its place for an hour, and what dead processes spilled; nothing else that is hidden.

    Approvals stay: one that lies beside its place stands, once its act does. What may not be written stays as well.
    """
    for folder in SWEPT:
        for stray in strays_in(root / folder):
            if _is_spilled(stray) or is_old(stray):
                take_away(stray)


def strays_in(folder: Path) -> Iterator[Path]:
    """Return what may have been left in a folder: half written files and folders, rows of dead processes."""
    yield from (path for path in sorted(folder.glob(".*")) if is_left_beside(path) or _is_spilled(path))


def _is_spilled(path: Path) -> bool:
    """Tell rows of a process that is no more; where nobody can say whether it is, an hour must do."""
    pid = path.name.removeprefix(SPILL)
    if pid == path.name:
        return False
    return not Path(f"/proc/{pid}").exists() if Path("/proc/self").exists() else is_old(path)


def is_old(stray: Path) -> bool:
    """Tell whether something was last written to more than an hour ago."""
    try:
        return time.time() - stray.stat().st_mtime > STRAY_SECONDS
    except OSError:
        return False


def take_away(stray: Path) -> None:
    """Remove a file or folder, where that is allowed."""
    if stray.is_dir():
        shutil.rmtree(stray, ignore_errors=True)
        return
    with suppress(OSError):
        stray.unlink()
