"""Documents that a policy lets come later: who waits for what until when, what was supplied, and what lapsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.sql_files import sql

CONDITIONS = pa.schema(
    [
        ("unit_code", pa.string()),
        ("document", pa.string()),
        ("reason_code", pa.string()),
        ("item", pa.string()),
        ("granted_on", pa.date32()),
        ("due_on", pa.date32()),
        ("state", pa.string()),
    ]
)
ITEMS = pa.schema([("reason_code", pa.string()), ("item", pa.string()), ("days", pa.int64())])

WAITING = sql("relief", "conditions_waiting")
OVER_BEFORE = sql("relief", "over_before")
AFTER = sql("relief", "conditions_after")


@dataclass(frozen=True)
class Waiting:
    """`waiting`: who may still bring what until when, by unit and reason.

    `lapsed`: unit and reason whose day has passed.
    """

    waiting: pa.Table
    lapsed: pa.Table


def waiting_on(windows: pa.Table, items: Iterable[tuple[str, str, int]], before: pa.Table, as_of: date) -> Waiting:
    """Say who may bring a document later as of a day.

    `windows`: unit_code, document, starts_on, ends_on; `items`: the reason that a document answers, its name, days;
    `before`: CONDITIONS of the last publication.
    """
    rows = [{"reason_code": reason, "item": item, "days": days} for reason, item, days in items]
    tables = {"windows": windows, "before": before, "items": pa.Table.from_pylist(rows, schema=ITEMS)}
    connection = cursor_over(tables)
    waiting, lapsed = (
        connection.sql(query, params={"as_of": as_of}).to_arrow_table() for query in (WAITING, OVER_BEFORE)
    )
    return Waiting(waiting, lapsed)


def conditions_after(waiting: pa.Table, before: pa.Table, decisions: pa.Table, as_of: date) -> pa.Table:
    """Return the conditions as a run leaves them.

    Open while its day is not over, supplied where the reason is gone, else lapsed.
    """
    decided = decisions.select(["unit_code", "reason_codes"])
    connection = cursor_over({"waiting": waiting, "before": before, "decisions": decided})
    return connection.sql(AFTER, params={"as_of": as_of}).to_arrow_table().cast(CONDITIONS)
