"""A store is searched for persons: every file, decrypted and unpacked, and every row of every table in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.errors import VerificationFailed
from village_credit.extract.archive import DAMAGE
from village_credit.recipients import HEADER
from village_credit.services.keeping.remainder import grids_of, rows_of
from village_credit.services.keeping.sealed import may_name
from village_credit.services.keeping.wanted import Wanted
from village_credit.store.memos import MEMOS, opened_memo
from village_credit.store.store import SEALED, Store, part_named

PARQUET = b"PAR1"
COUNTED = ("files", "decrypted", "parts", "tables", "bytes", "sealed")
BEGINNING = 1024  # bytes by which a text is told
COPIES = ("outbox", "packing")  # readable copies, for branches
ROWS = ("frozen", *COPIES)  # where tables of any format lie


@dataclass(frozen=True)
class Searched:
    """What was searched, and where somebody was found.

    `files` of the store, those of them that were `decrypted`, `parts` that were unpacked of archives and workbooks,
    `tables` whose rows were read, `bytes` in all; `sealed` packages were not opened: what is signed beside each says
    whom it names.
    """

    files: int
    decrypted: int
    parts: int
    tables: int
    bytes: int
    found: list[str]
    sealed: int = 0  # an act of before there were any tells none


def search(store: Store, wanted: Wanted, but: str = "") -> Searched:
    """Look for persons in every file of a store.

    `but`: the file of the vault that holds for whom an erasure is, and goes with its last step.
    """
    counts: Counter[str] = Counter()
    found = []
    for path in sorted(store.root.rglob("*")):
        if not path.is_file() or path == store.root / "vault" / but:
            continue
        counts["files"] += 1
        place = path.relative_to(store.root).as_posix()
        if _holds(store, path, place.partition("/")[0], wanted, counts):
            found.append(place)
    return Searched(found=found, **{name: counts[name] for name in COUNTED})


def holds_file(store: Store, path: Path, wanted: Wanted) -> bool:
    """Tell whether one file of a store names somebody."""
    return _holds(store, path, path.relative_to(store.root).parts[0], wanted, Counter())


def _holds(store: Store, path: Path, room: str, wanted: Wanted, counts: Counter[str]) -> bool:
    if room == MEMOS and path.name.endswith(SEALED):
        return _memo_holds(store, path, wanted, counts)
    asked = wanted if room in COPIES else replace(wanted, cells=())  # a contract's number may be anything elsewhere
    content = opened(store, path, room)
    counts["decrypted"] += room in ("frozen", "vault")
    if room in ("frozen", "vault"):
        counts["bytes"] -= len(content)
        if asked.bytes_in(content):
            return True
    if room in COPIES and content.startswith(HEADER):
        counts["sealed"] += 1
        return may_name(store, path.parent, asked)
    return holds_bytes(content, asked, counts) or _holds_rows(content, asked, counts, has_rows=room in ROWS)


def _memo_holds(store: Store, path: Path, wanted: Wanted, counts: Counter[str]) -> bool:
    """Tell whether a memo names somebody: what it says, and every row of its tables."""
    try:
        memo = opened_memo(store, path)
    except VerificationFailed:
        return False  # nobody opens it: neither does the store
    counts["decrypted"] += 1
    counts["tables"] += len(memo.tables)
    asked = replace(wanted, cells=())
    said = json.dumps(memo.said, ensure_ascii=False)
    return asked.is_in([said]) or any(rows_naming(table, asked) for table in memo.tables.values())


def opened(store: Store, path: Path, room: str) -> bytes:
    """Return a file's bytes, decrypted where they are encrypted."""
    if room == "frozen" and not path.name.startswith("."):
        return store.thaw(path.name)
    if room == "vault" and path.name.endswith(SEALED):
        return store.open_part(*part_named(path.name)) or b""
    return path.read_bytes()


def holds_bytes(content: bytes, wanted: Wanted, counts: Counter[str]) -> bool:
    """Tell whether bytes, or what is packed in them, hold a number or code of somebody in any encoding."""
    for place, part in enumerate(unpacked(content)):
        counts["parts"] += place > 0
        counts["bytes"] += len(part)
        if wanted.bytes_in(part):
            return True
    return False


def unpacked(content: bytes) -> Iterator[bytes]:
    """Return bytes, and what is packed in them, archives in archives too."""
    yield content
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for info in packed.infolist():
                yield info.filename.encode("utf-8", "surrogatepass")
                yield from unpacked(packed.read(info))
    except DAMAGE:
        return


def _holds_rows(content: bytes, wanted: Wanted, counts: Counter[str], *, has_rows: bool) -> bool:
    if content.startswith(PARQUET):
        counts["tables"] += 1
        return bool(rows_naming(pq.read_table(io.BytesIO(content), partitioning=None), wanted))
    if not has_rows:
        lines = content.decode("utf-8", "ignore").split("\n") if b"\0" not in content[:BEGINNING] else []
        return any(wanted.is_in([line]) for line in lines)
    grids = grids_of("", content)
    counts["tables"] += len(grids)
    return any(wanted.is_in(cells) for grid in grids for _, cells in rows_of(grid))


def rows_naming(table: pa.Table, wanted: Wanted) -> list[int]:
    """Return the places of rows that name somebody, from 0: only rows with a text that may are put together."""
    texts = [_texts(column) for column in table.columns]
    columns = [column for column in texts if column is not None]
    may = {place for column in columns for place in _places(column, wanted)}
    return sorted(place for place in may if wanted.is_in([str(column[place].as_py() or "") for column in columns]))


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return a column of texts, lists joined; None of what is no text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _texts(column.cast(kind.value_type))
    if pa.types.is_list(kind) and pa.types.is_string(kind.value_type):
        return pc.binary_join(column, " ")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return pa.chunked_array([pa.array([str(value) for value in column.to_pylist()], pa.string())])
    return column if pa.types.is_string(kind) or pa.types.is_large_string(kind) else None


def _places(column: pa.ChunkedArray, wanted: Wanted) -> list[int]:
    """Return the places of texts that name somebody, or may in their row."""
    known = pc.unique(column)
    may = [text for text in known.to_pylist() if text and wanted.may_be_in(text)]
    if not may:
        return []
    hits = pc.is_in(column, value_set=pa.array(may, column.type))
    return [int(place) for place in pc.indices_nonzero(hits).to_pylist()]
