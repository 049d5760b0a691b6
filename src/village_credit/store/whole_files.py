"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from village_credit.errors import UsageError, VerificationFailed

LEFT_BESIDE = re.compile(r"\..+\.[0-9a-f]{8}")


def write_whole(path: Path, content: bytes, mode: int = 0o644, *, is_kept: bool = True) -> None:
    """Write a file beside its place, sync it and move it there: nobody ever sees half of it.

    `is_kept`: not of what may be lost in a power cut, and whose readers tell half of it from the whole.
    """
    beside = _written_beside(path, content, mode, is_synced=is_kept)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    if is_kept:
        sync_folder(path.parent)


def require_free(path: Path, *, force: bool) -> Path:
    """Return a place to write a workbook to; raises UsageError where one lies there that may be filled in."""
    if path.exists() and not force:
        raise UsageError(f"{path.name} is there already, and may be filled in: name another place, or give --force")
    return path


def write_workbooks(books: dict[Path, bytes], *, force: bool) -> None:
    """Write workbooks with personal data, all or none; the same bytes again are no other workbook."""
    for path, content in books.items():
        if not path.is_file() or path.read_bytes() != content:
            require_free(path, force=force)
    for path, content in books.items():
        write_whole(path, content, mode=0o600)


def create_whole(path: Path, content: bytes, mode: int = 0o644) -> bool:
    """Write a file as `write_whole` does, where there is none yet; tells whether it was this writer who made it."""
    beside = _written_beside(path, content, mode)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    finally:
        beside.unlink()
    sync_folder(path.parent)
    return True


def _written_beside(path: Path, content: bytes, mode: int, *, is_synced: bool = True) -> Path:
    """Return a file beside a place; nothing of it stays where the disk is full."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if is_synced:
                os.fsync(file.fileno())
    except OSError:
        beside.unlink()
        raise
    return beside


def is_left_beside(path: Path) -> bool:
    """Tell whether a file is one that was written beside its place, by a writer who must be over then."""
    return LEFT_BESIDE.fullmatch(path.name) is not None


def json_of(content: bytes, what: str) -> dict[str, Any]:
    """Read what the store keeps as JSON; raises VerificationFailed, which names `what`, where it is damaged."""
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise VerificationFailed(f"{what} is damaged: compare with the backup")
    return found


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, alone: bool) -> Iterator[None]:
    """Hold a lock, alone or shared, that ends with this process at the latest; waits for whoever holds it otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def folder_beside(place: Path) -> Iterator[Path]:
    """Fill a folder beside its place, whole and synced, for `move_to_place`; on an error nothing of it stays."""
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    beside.mkdir(parents=True)
    try:
        yield beside
        for path in beside.rglob("*"):
            if path.is_file():
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        sync_folder(place.parent)
    except BaseException:
        shutil.rmtree(beside)
        raise


def beside_of(place: Path) -> list[Path]:
    """Return the folders that were filled beside a place and are not there yet."""
    return sorted(path for path in place.parent.glob(f".{place.name}.*") if path.is_dir())


def move_to_place(beside: Path, place: Path) -> None:
    """Move a folder that was filled beside to its place; where another process did so first, drop this one."""
    if place.exists():
        shutil.rmtree(beside)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    beside.rename(place)
    sync_folder(place.parent)


def remove_folder(place: Path) -> None:
    """Take a folder away, whole at once: nobody ever sees half of it; what a crash left of it goes too."""
    going = place.with_name(f".{place.name}.going")
    if going.is_dir():
        shutil.rmtree(going)
    if place.is_dir():
        place.rename(going)
        sync_folder(place.parent)
        shutil.rmtree(going)


@contextmanager
def new_folder(place: Path) -> Iterator[Path]:
    """Fill a folder beside its place and move it there when all of it is written; on an error it never was."""
    with folder_beside(place) as beside:
        yield beside
    move_to_place(beside, place)
