"""Memos of a store: sealed files by what they were made of, bounded, and gone whenever somebody wants the room.

Nothing rests on them. One that is damaged, of other keys or of another form is as good as none, and what is kept when
the disk is nearly full is not kept. They are not synced: after a power cut one that is half written does not open.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from village_credit.errors import VerificationFailed, why_unread
from village_credit.memos import Memo
from village_credit.signatures import canonical_json
from village_credit.store.envelope import seal, unseal
from village_credit.store.store import LOCK, SEALED, Store, sha256_of
from village_credit.store.whole_files import locked, write_whole

LOG = logging.getLogger(__name__)
MEMOS = "memos"
MAGIC = b"VCMEMO1\n"
FREE_BYTES = 1 << 30  # what a disk must have left: runs and acts come before memos


class StoredMemos:
    """Memos of a store that were made on the same ground: the code, its libraries, a county's terms."""

    def __init__(self, store: Store, ground: tuple[str, ...], most_bytes: int, *, keeps: bool = True) -> None:
        """Remember at most so many bytes in all; 0 remembers nothing. `keeps`: not for who may write nothing."""
        self.store, self.ground, self.most_bytes, self.keeps = store, ground, most_bytes, keeps
        self.folder = store.root / MEMOS

    def recall(self, *content: str) -> Memo | None:
        """Return what was made of this content; None where nothing of it is there."""
        path = self._path(content)
        if not self.most_bytes or not path.is_file():
            return None
        try:
            memo = opened_memo(self.store, path)
            if self.keeps:
                os.utime(path)
        except OSError:
            return None
        except VerificationFailed:
            LOG.warning("%s/%s does not open and is made anew", MEMOS, path.name)
            return None
        return memo

    def keep(self, memo: Memo, *content: str) -> None:
        """Remember what was made of this content; the oldest make room."""
        if not (self.keeps and self.most_bytes) or len(plain := memo_bytes(memo)) > self.most_bytes:
            return
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            if shutil.disk_usage(self.folder).free - len(plain) >= FREE_BYTES:
                self._seal(self._path(content), plain)
        except OSError as error:  # no run waits for a memo: said once, and no further one is tried
            LOG.warning("nothing more is remembered in %s: %s", MEMOS, why_unread(error))
            self.keeps = False

    def _path(self, content: tuple[str, ...]) -> Path:
        return self.folder / f"{sha256_of(canonical_json([*self.ground, *content]))}{SEALED}"

    def _seal(self, path: Path, plain: bytes) -> None:
        """Seal with the key of this moment, as everything else is sealed; the oldest make room."""
        with locked(self.store.root / LOCK, alone=False):
            sealed = seal(self.store.keys.wrapping("vault"), plain, _context(path))
            write_whole(path, sealed, mode=0o600, is_kept=False)
        self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        """Take the oldest away until the others are within bounds."""
        known = sorted((path for path in stored_memos(self.store) if path != newest), key=_last_used, reverse=True)
        room = self.most_bytes - newest.stat().st_size
        for path in known:
            room -= path.stat().st_size
            if room < 0:
                path.unlink(missing_ok=True)


def stored_memos(store: Store) -> Iterator[Path]:
    """Return the files of all memos of a store."""
    return (path for path in (store.root / MEMOS).glob(f"[!.]*{SEALED}"))


def drop_memos(store: Store) -> int:
    """Take all memos away; return how many there were. What a writer is just writing is taken away beside its place."""
    known = list(stored_memos(store))
    for path in (*known, *(store.root / MEMOS).glob(".*")):
        path.unlink(missing_ok=True)
    return len(known)


def opened_memo(store: Store, path: Path) -> Memo:
    """Open the memo of a file; raises VerificationFailed where it was altered or is of another key or form."""
    plain = unseal(store.keys.wrapping("vault"), path.read_bytes(), _context(path))
    try:
        return memo_of(plain)
    except (ValueError, KeyError, pa.ArrowException):
        raise VerificationFailed(f"{MEMOS}/{path.name} is of another form") from None


def memo_bytes(memo: Memo) -> bytes:
    """Write a memo: a line of JSON with the length of each table's Arrow stream, then these."""
    streams = {name: _stream(table) for name, table in memo.tables.items()}
    head = {"said": memo.said, "tables": [[name, len(stream)] for name, stream in streams.items()]}
    return b"".join((MAGIC, json.dumps(head, ensure_ascii=False).encode("utf-8"), b"\n", *streams.values()))


def _stream(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return sink.getvalue()


def memo_of(plain: bytes) -> Memo:
    """Read what `memo_bytes` wrote; raises ValueError where it is something else."""
    if not plain.startswith(MAGIC):
        raise ValueError("another form")
    line, _, _ = plain[len(MAGIC) :].partition(b"\n")
    head, place = json.loads(line), len(MAGIC) + len(line) + 1
    buffer, tables = pa.py_buffer(plain), {}
    for name, size in head["tables"]:
        with pa.ipc.open_stream(buffer.slice(place, size)) as reader:
            tables[name] = reader.read_all()
        place += size
    return Memo(head["said"], tables)


def _context(path: Path) -> str:
    return f"memo {path.name.removesuffix(SEALED)}"


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
