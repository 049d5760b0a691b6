"""Which lines of a county are over, and which may start a new term by signed renewals of the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from village_credit.duckdb_session import query_cursor
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_of
from village_credit.ledger.log import Entry
from village_credit.ledger.publications import Publication
from village_credit.sql_files import sql
from village_credit.store.store import Store
from village_credit.tables.renewals_due import DUE

RENEW = "renew"


def signed_renewals(entries: Iterable[Entry], county_code: str) -> list[dict[str, Any]]:
    """Return a county's renewals in the order of the ledger: number, ending_by (a day), household_key or None (all)."""
    return [
        {"number": e.number, "ending_by": e.details["ending_by"], "household_key": e.details["household_key"]}
        for e in entries
        if e.act == RENEW and e.details["county_code"] == county_code
    ]


def lines_by_end(store: Store, found: Sequence[Publication]) -> pa.Table:
    """Return lines in force by their ends, and those that are over and wait for a renewal (DUE)."""
    connection = query_cursor()
    connection.register("lines", lines_of(store, found))
    connection.register("waiting", _waiting(store, found))
    return connection.sql(sql("ledger", "lines_by_end")).to_arrow_table().cast(DUE)


def ended_lines(store: Store, before: Sequence[Publication], as_of: date) -> pa.Table:
    """Return the lines in force on the day before that are over, since their publication or before it (DUE)."""
    lines = lines_by_end(store, before)
    return lines.filter(pc.less(lines.column("ended_on"), pa.scalar(as_of)))


def covered(store: Store, ledger: Ledger, county_code: str, lines: pa.Table, day: str) -> pa.ChunkedArray:
    """Say of each line whether a signed renewal covers it: its end (column `day`) is not after what was signed.

    A signature covers the lines that it could see, by their ends: those in force when it was given, and those that were
    over and waited. The term that it starts has another end, and needs a signature of its own.
    """
    connection = query_cursor()
    lines = lines.select(["household_key", "product", day]).rename_columns(["household_key", "product", "ended_on"])
    connection.register("lines", lines.append_column("place", pa.array(range(lines.num_rows), pa.int64())))
    found: set[int] = set()
    for renewal in signed_renewals(ledger, county_code):
        seen = lines_by_end(store, ledger.before(renewal["number"]).in_force_of(county_code))
        connection.register("seen", seen)
        values = {"ending_by": date.fromisoformat(renewal["ending_by"]), "key": renewal["household_key"]}
        found.update(place for (place,) in connection.execute(sql("ledger", "covered_lines"), values).fetchall())
    return pa.chunked_array([pa.array([place in found for place in range(lines.num_rows)], pa.bool_())])


def _waiting(store: Store, found: Sequence[Publication]) -> pa.Table:
    """Return the lines that wait for a renewal as each run of what is in force left them, with run_id."""
    parts = [DUE.append(pa.field("run_id", pa.string())).empty_table()]
    for run_id in dict.fromkeys(publication.run_id for publication in found):
        path = store.table_if_any(run_id, "renewals_due")
        if path:
            parts.append(pq.read_table(path, columns=parts[0].column_names, partitioning=None).cast(parts[0].schema))
    return pa.concat_tables(parts)
