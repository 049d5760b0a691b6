"""Quarantined rows and what came back for them: by correction number, else by the key of their contract."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.corrections import NUMBER_DIGITS
from village_credit.intake import Source
from village_credit.sql_files import sql

CORRECTIONS = sql("ingest", "corrections")


def corrections_of(connection: duckdb.DuckDBPyConnection, sources: list[Source]) -> pa.Table:
    """Tie each quarantined row to the row that mends it; rows of a table refused whole are asked for whole.

    Reads the views `settled` and `loose` of the account: rows and single lines with their outcomes. Gives
    source_id, line_number, correction_number, state, corrected_by_source, corrected_by_line, basis.
    """
    columns: dict[str, tuple[pa.DataType, list[object]]] = {
        "source_id": (pa.int64(), [s.source_id for s in sources]),
        "contract": (pa.string(), [s.contract for s in sources]),
        "file_sha256": (pa.string(), [s.file_sha256 for s in sources]),
        "sheet": (pa.string(), [s.sheet for s in sources]),
        "is_rejected": (pa.bool_(), [s.rejected is not None for s in sources]),
    }
    connection.register("named", pa.table({name: pa.array(v, kind) for name, (kind, v) in columns.items()}))
    return connection.sql(CORRECTIONS, params={"digits": NUMBER_DIGITS}).to_arrow_table()
