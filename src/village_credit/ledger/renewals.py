"""Which lines of a county may start a new term, by signed renewals of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.log import Entry, read_ledger
from village_credit.ledger.publications import Publication, in_force
from village_credit.store.store import Store

RENEW = "renew"


def signed_renewals(entries: Iterable[Entry], county_code: str) -> list[dict[str, Any]]:
    """Return a county's renewals in the order of the ledger: its number there, ending_by (a day), and household_key or None for all its lines."""
    return [
        {"number": e.number, "ending_by": e.details["ending_by"], "household_key": e.details["household_key"]}
        for e in entries
        if e.act == RENEW and e.details["county_code"] == county_code
    ]


DUE = pa.schema([("household_key", pa.string()), ("product", pa.string()), ("ended_on", pa.date32())])
# Over since the publication, or over before it and still waiting.
ENDED = """
SELECT household_key, product, valid_to AS ended_on FROM decisions WHERE valid_to < $as_of
UNION
SELECT w.household_key, w.product, w.ended_on FROM waiting AS w SEMI JOIN decisions AS d
ON d.household_key = w.household_key AND d.product = w.product AND d.valid_to IS NULL
ORDER BY ALL
"""


def _due(store: Store, run_id: str) -> pa.Table:
    path = store.require_run(run_id) / "renewals_due.parquet"
    return pq.read_table(path, columns=DUE.names).cast(DUE) if path.is_file() else DUE.empty_table()


def ended_lines(store: Store, before: list[Publication], as_of: date) -> pa.Table:
    """Return the lines of the publications in force on the day before that are over: household_key, product, ended_on."""
    parts = [DUE.empty_table()]
    for publication in before:
        connection = query_cursor()
        path = str(store.require_run(publication.run_id) / "decisions.parquet")
        query = "SELECT household_key, product, valid_to FROM read_parquet($path) WHERE $product IS NULL OR product = $product"
        connection.register(
            "decisions", connection.sql(query, params={"path": path, "product": publication.product}).to_arrow_table()
        )
        connection.register("waiting", _due(store, publication.run_id))
        parts.append(connection.sql(ENDED, params={"as_of": as_of}).to_arrow_table().cast(DUE))
    return pa.concat_tables(parts)


def covered(store: Store, county_code: str, lines: pa.Table, day: str) -> pa.ChunkedArray:
    """Say of each line whether a signed renewal covers it: its end (column `day`) is not after what was signed.

    A signature covers the lines that it could see, by their ends: those in force when it was given, and those that were
    over and waited. The term that it starts has another end, and needs a signature of its own.
    """
    entries = read_ledger(store.root / "ledger")
    connection = query_cursor()
    connection.register("lines", lines.append_column("place", pa.array(range(lines.num_rows), pa.int64())))
    found: set[int] = set()
    for renewal in signed_renewals(entries, county_code):
        connection.register("seen", _seen(store, [e for e in entries if e.number < renewal["number"]], county_code))
        query = f"""SELECT place FROM lines AS l SEMI JOIN seen AS s ON s.household_key = l.household_key AND s.product = l.product AND s.ended_on = l.{day}
                    WHERE l.{day} <= $ending_by AND ($key IS NULL OR l.household_key = $key)"""
        values = {"ending_by": date.fromisoformat(renewal["ending_by"]), "key": renewal["household_key"]}
        found.update(place for (place,) in connection.execute(query, values).fetchall())
    return pa.chunked_array([pa.array([place in found for place in range(lines.num_rows)], pa.bool_())])


def _seen(store: Store, entries: list[Entry], county_code: str) -> pa.Table:
    """Return the lines, by their ends, that are in force as an account of acts leaves it, and those that wait for a renewal."""
    parts = [DUE.empty_table()]
    for publication in in_force(entries):
        if publication.county_code == county_code:
            connection = query_cursor()
            path = str(store.require_run(publication.run_id) / "decisions.parquet")
            query = "SELECT household_key, product, valid_to AS ended_on FROM read_parquet($path) WHERE valid_to IS NOT NULL AND ($product IS NULL OR product = $product)"
            values = {"path": path, "product": publication.product}
            parts += [connection.sql(query, params=values).to_arrow_table().cast(DUE), _due(store, publication.run_id)]
    return pa.concat_tables(parts)


def still_due(ended: pa.Table, decisions: pa.Table) -> pa.Table:
    """Keep the lines that are over and that a run gave no new term: they wait for a renewal."""
    connection = query_cursor()
    connection.register("ended", ended)
    connection.register("decisions", decisions)
    query = """SELECT e.* FROM ended AS e SEMI JOIN decisions AS d
               ON d.household_key = e.household_key AND d.product = e.product AND d.valid_to IS NULL ORDER BY ALL"""
    return connection.sql(query).to_arrow_table()
