"""The decisions of a run as a Merkle tree: a publication names its root, and each household's line has a proof."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from village_credit.duckdb_session import query_cursor
from village_credit.sql_files import sql
from village_credit.store.store import Store

FIRST_LEVEL = "CREATE TEMP TABLE level_0 AS SELECT place, sha256(unhex('00') || encode(line)) AS hash FROM lines"


@dataclass(frozen=True)
class ProvenLine:
    """A household's line of a run as text, its place among the lines, and the hashes beside it up to the root."""

    text: str
    place: int
    lines: int
    path: list[bytes]


def decisions_root(store: Store, run_id: str) -> tuple[str, int]:
    """Return the root over a run's decisions, in hexadecimal, and how many they are; every run has one at least."""
    connection, counts = _tree(store, run_id)
    ((root,),) = connection.execute(f"SELECT hash FROM level_{len(counts) - 1}").fetchall()
    return str(root), counts[0]


def proven_line(store: Store, run_id: str, household_key: str, product: str) -> ProvenLine:
    """Return a household's line with its path; it is one of the run's."""
    connection, counts = _tree(store, run_id)
    query = "SELECT line, place FROM lines WHERE household_key = $key AND product = $product"
    ((text, place),) = connection.execute(query, {"key": household_key, "product": product}).fetchall()
    path, at = [], place
    for level in range(len(counts) - 1):
        found = connection.execute(f"SELECT hash FROM level_{level} WHERE place = $at", {"at": at ^ 1}).fetchall()
        path += [bytes.fromhex(beside) for (beside,) in found]
        at //= 2
    return ProvenLine(text, place, counts[0], path)


def _tree(store: Store, run_id: str) -> tuple[duckdb.DuckDBPyConnection, list[int]]:
    """Make `lines` and the tables of hashes `level_0` (the lines') up to the root's; return how many each has."""
    connection = query_cursor()
    path = str(store.table(run_id, "decisions"))
    connection.execute(sql("ledger", "decision_lines"), {"decisions": path})
    connection.execute(FIRST_LEVEL)
    (count,) = connection.execute("SELECT count(*) FROM lines").fetchone() or (0,)
    counts = [int(count)]
    while counts[-1] > 1:
        level = len(counts)
        connection.execute(sql("ledger", "tree_level").format(level=level - 1, above=level))
        counts.append((counts[-1] + 1) // 2)
    return connection, counts
