"""What was found of delivered maps becomes a table of the run: by file and line, never by parcel or household."""

from __future__ import annotations

import pyarrow as pa

from data_contracts.agriculture_bureau import LandParcel
from data_contracts.reasons import SHAPE_REASONS
from village_credit.duckdb_session import cursor_over
from village_credit.sql_files import sql


def shape_findings(maps: list[tuple[str, str, str]], findings: pa.Table) -> pa.Table:
    """Return the findings with the names of their files and the sentences of their codes, in order.

    `maps`: file, sheet and kind of each map, by whose place `findings` names them.
    """
    names = pa.table(
        {
            "map": pa.array(range(len(maps)), pa.int64()),
            "file_name": pa.array([name for name, _, _ in maps], pa.string()),
            "sheet": pa.array([sheet for _, sheet, _ in maps], pa.string()),
        }
    )
    texts = pa.table({"reason_code": [*SHAPE_REASONS], "reason_zh": [*SHAPE_REASONS.values()]})
    connection = cursor_over({"found": findings, "maps": names, "texts": texts})
    return connection.sql(sql("tables", "shape_findings"), params={"office": LandParcel.office}).to_arrow_table()
