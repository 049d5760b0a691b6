"""Quarantined rows and what came back for them: by correction number, else by the key of their contract."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.corrections import NUMBER_DIGITS
from village_credit.duckdb_session import query_cursor
from village_credit.ingest.line_account import SPANS, LineAccount
from village_credit.intake import Source
from village_credit.link.unread import UNREAD
from village_credit.sql_files import sql

CORRECTIONS, STILL_UNREAD = sql("ingest", "corrections"), sql("ingest", "still_unread")


def corrections_of(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> pa.Table:
    """Tie each quarantined row to the row that mends it; rows of a table refused whole are asked for whole.

    Reads the views `settled` and `loose` of the account: rows and single lines with their outcomes. Gives
    source_id, line_number, correction_number, state, corrected_by_source, corrected_by_line, basis.
    """
    connection.register("named", _named(sources))
    return connection.sql(CORRECTIONS, params={"digits": NUMBER_DIGITS}).to_arrow_table()


def still_unread(account: LineAccount) -> pa.Table:
    """Return UNREAD of the quarantined rows that nobody has mended: whom a mended row names, its new row tells."""
    connection = query_cursor()
    connection.register("unread", pa.concat_tables([UNREAD.empty_table(), *account.unread]))
    connection.register("spans", pa.concat_tables([SPANS.empty_table(), *account.spans]))
    connection.register("named", _named(account.sources))
    return connection.sql(STILL_UNREAD, params={"digits": NUMBER_DIGITS}).to_arrow_table().cast(UNREAD)


def _named(sources: list[Source]) -> pa.Table:
    columns: dict[str, tuple[pa.DataType, list[object]]] = {
        "source_id": (pa.int64(), [s.source_id for s in sources]),
        "contract": (pa.string(), [s.contract for s in sources]),
        "file_sha256": (pa.string(), [s.file_sha256 for s in sources]),
        "sheet": (pa.string(), [s.sheet for s in sources]),
        "is_rejected": (pa.bool_(), [s.rejected is not None for s in sources]),
    }
    return pa.table({name: pa.array(v, kind) for name, (kind, v) in columns.items()})
