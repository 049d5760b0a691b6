"""Which lines of the frozen files are of whom an erasure is, and what is left of each file without them."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.erasures import left_of, tombstones
from village_credit.ledger.ledger import Ledger
from village_credit.services.keeping.remainder import Gone, grids_of, rows_of, without_lines
from village_credit.services.keeping.search import unpacked
from village_credit.services.keeping.wanted import Wanted
from village_credit.services.keeping.whom import returned_files, vault_rows
from village_credit.sql_files import sql
from village_credit.store.runs import inputs_of
from village_credit.store.store import ROWS, Store, sha256_of

Lines = dict[str, set[tuple[str, int]]]  # file's hash → sheet and line


@dataclass(frozen=True)
class FilePlan:
    """A frozen file, how many lines go, and what is left of it; None: nothing that could be read as before."""

    sha256: str
    lines: int
    left: bytes | None

    def told(self) -> dict[str, str | int | None]:
        """Say it as the ledger does: hashes and counts."""
        became = None if self.left is None else sha256_of(self.left)
        return {"sha256": self.sha256, "became": became, "lines": self.lines}


@dataclass(frozen=True)
class Linked:
    """Lines that runs found to be of households: of those that go whole, and of those of which somebody goes alone."""

    whole: Lines
    near: Lines


def file_plans(store: Store, ledger: Ledger, wanted: Wanted, but: Collection[str] = ()) -> Iterator[FilePlan]:
    """Return what becomes of each frozen file that names somebody, one after another; nothing is written.

    `but`: files of which a journal says already what becomes of them.
    """
    names, linked = _names(store, ledger), _linked(store, ledger, wanted)
    returned = set(returned_files(store, ledger))
    keys = (*wanted.households, *wanted.borrowers)  # workbooks with people's opinions name households so
    delivered = replace(wanted, cells=keys)  # a contract's number may be any number in an office's file
    came_back = replace(wanted, cells=(*wanted.cells, *keys))
    for path in sorted((store.root / "frozen").glob("[!.]*")):
        sha256 = path.name
        if sha256 in but:
            continue
        asked = came_back if sha256 in returned else delivered
        plan = _plan(sha256, names.get(sha256, ""), store.thaw(sha256), asked, linked)
        if plan is not None:
            yield plan


def _plan(sha256: str, name: str, content: bytes, wanted: Wanted, linked: Linked) -> FilePlan | None:
    gone, total = _gone(sha256, name, content, wanted, linked)
    lines = sum(map(len, gone.values()))
    if not lines and not _names_somebody(content, wanted):
        return None
    left = without_lines(name, content, gone)
    if left is None or _names_somebody(left, wanted):
        return FilePlan(sha256, total, None)
    return FilePlan(sha256, lines, left)


def _gone(sha256: str, name: str, content: bytes, wanted: Wanted, linked: Linked) -> tuple[Gone, int]:
    """Return the lines that go, by sheet, and how many lines the file has."""
    whole, near = linked.whole.get(sha256, set()), linked.near.get(sha256, set())
    found: dict[str, set[int]] = defaultdict(set)
    total = 0
    for grid in grids_of(name, content):
        total += grid.total_lines
        for lines, cells in rows_of(grid):
            place = (grid.sheet, lines.start)
            if lines.start and any(cells) and (place in whole or wanted.is_in(cells, is_linked=place in near)):
                found[grid.sheet].update(lines)
    return found, total


def _names_somebody(content: bytes, wanted: Wanted) -> bool:
    return any(wanted.bytes_in(part) for part in unpacked(content))


def _names(store: Store, ledger: Ledger) -> dict[str, str]:
    """Return under what name each file that is left was delivered."""
    stones = tombstones(store, ledger)
    every = (item for run_id in store.run_ids() for item in inputs_of(store, store.manifest(run_id)))
    return {left: name for name, sha256 in every if (left := left_of(stones, sha256))}


def _linked(store: Store, ledger: Ledger, wanted: Wanted) -> Linked:
    """Ask every run which lines it found to be of the households; lines of what is left have the same numbers."""
    stones, linked = tombstones(store, ledger), Linked(defaultdict(set), defaultdict(set))
    of_near = {
        row["household_key"] for row in vault_rows(store) if set(wanted.hashes) & {*(row["number_hashes"] or [])}
    }
    keys = sorted({*wanted.households, *wanted.borrowers, *of_near})
    for sha256, sheet, line, key in _lines_of(store, keys):
        lines = linked.whole if key in wanted.households else linked.near
        if left := left_of(stones, sha256):
            lines[left].add((sheet, line))
    return linked


def _lines_of(store: Store, keys: list[str]) -> Iterator[tuple[str, str, int, str]]:
    """Return file, sheet, line and household of each line that a run linked: by the vault, or by older runs' tables."""
    connection, query = query_cursor(), sql("services.keeping", "linked_lines")
    for run_id in store.run_ids():
        content = store.open_part(run_id, ROWS)
        table = store.run_folder(run_id) / "reconciliation.parquet"
        source: Any = table if content is None else io.BytesIO(content)
        if content is not None or "household_key" in pq.read_schema(table).names:
            connection.register("rows", pq.read_table(source, partitioning=None))
            yield from connection.execute(query, {"keys": keys}).fetchall()
