"""Documents that a policy lets come later: who waits for what until when, what was supplied, and what lapsed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from village_credit.duckdb_session import query_cursor

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

# A household waits once under a declaration for each reason: its first day stands, and a second chance is not given.
WAITING = """
SELECT unit_code, document, reason_code, item, granted_on, due_on FROM before WHERE state = 'open' AND due_on >= $as_of
UNION
SELECT w.unit_code, w.document, i.reason_code, i.item, $as_of::DATE, $as_of::DATE + i.days::INTEGER
FROM windows AS w, items AS i
WHERE $as_of BETWEEN w.starts_on AND w.ends_on
AND NOT EXISTS (SELECT 1 FROM before AS b WHERE b.unit_code = w.unit_code AND b.document = w.document AND b.reason_code = i.reason_code)
QUALIFY row_number() OVER (PARTITION BY w.unit_code, i.reason_code ORDER BY w.document) = 1
ORDER BY ALL
"""
# A window that was declared after the day had passed is another matter: what lapsed before it takes nothing there.
OVER_BEFORE = """
WITH over AS (FROM before WHERE state = 'lapsed' OR (state = 'open' AND due_on < $as_of)), said AS (
    SELECT b.unit_code, b.reason_code FROM over AS b WHERE NOT EXISTS (
        SELECT 1 FROM windows AS w WHERE w.unit_code = b.unit_code AND w.document <> b.document AND $as_of BETWEEN w.starts_on AND w.ends_on AND w.starts_on > b.due_on)
)
SELECT DISTINCT unit_code, reason_code FROM (FROM said UNION ALL SELECT unit_code, 'OVERDUE_90' FROM said WHERE reason_code = 'OVERDUE') ORDER BY ALL
"""
AFTER = """
WITH said AS (SELECT unit_code, unnest(reason_codes) AS reason_code FROM decisions),
stands AS (FROM said UNION ALL SELECT unit_code, 'OVERDUE' FROM said WHERE reason_code = 'OVERDUE_90'),  -- what grew worse was not supplied
granted AS (SELECT unit_code FROM decisions WHERE list_contains(reason_codes, 'CONDITIONAL')),
known AS (
    SELECT b.unit_code, b.document, b.reason_code, b.item, b.granted_on, b.due_on,
           CASE WHEN b.state <> 'open' THEN b.state WHEN s.reason_code IS NULL THEN 'supplied'
                WHEN b.due_on < $as_of THEN 'lapsed' ELSE 'open' END AS state
    FROM before AS b SEMI JOIN decisions AS d ON d.unit_code = b.unit_code
    LEFT JOIN (SELECT DISTINCT * FROM stands) AS s ON s.unit_code = b.unit_code AND s.reason_code = b.reason_code
)
SELECT * FROM known
UNION ALL
SELECT w.unit_code, w.document, w.reason_code, w.item, w.granted_on, w.due_on, 'open' FROM waiting AS w
SEMI JOIN granted ON granted.unit_code = w.unit_code
SEMI JOIN stands ON stands.unit_code = w.unit_code AND stands.reason_code = w.reason_code
ANTI JOIN known ON known.unit_code = w.unit_code AND known.document = w.document AND known.reason_code = w.reason_code
ORDER BY ALL
"""


@dataclass(frozen=True)
class Waiting:
    """`waiting`: who may still bring what until when, by unit and reason; `lapsed`: unit and reason whose day has passed."""

    waiting: pa.Table
    lapsed: pa.Table


def waiting_on(windows: pa.Table, items: Iterable[tuple[str, str, int]], before: pa.Table, as_of: date) -> Waiting:
    """Say who may bring a document later as of a day.

    `windows`: unit_code, document, starts_on, ends_on; `items`: the reason that a document answers, its name, days;
    `before`: CONDITIONS of the last publication.
    """
    connection = query_cursor()
    rows = [{"reason_code": reason, "item": item, "days": days} for reason, item, days in items]
    schema = pa.schema([("reason_code", pa.string()), ("item", pa.string()), ("days", pa.int64())])
    for name, table in {
        "windows": windows,
        "before": before,
        "items": pa.Table.from_pylist(rows, schema=schema),
    }.items():
        connection.register(name, table)
    values = {"as_of": as_of}
    return Waiting(
        connection.sql(WAITING, params=values).to_arrow_table(),
        connection.sql(OVER_BEFORE, params=values).to_arrow_table(),
    )


def conditions_after(waiting: pa.Table, before: pa.Table, decisions: pa.Table, as_of: date) -> pa.Table:
    """Return the conditions as a run leaves them: open while its day is not over, supplied where the reason is gone, else lapsed."""
    connection = query_cursor()
    for name, table in {
        "waiting": waiting,
        "before": before,
        "decisions": decisions.select(["unit_code", "reason_codes"]),
    }.items():
        connection.register(name, table)
    return connection.sql(AFTER, params={"as_of": as_of}).to_arrow_table().cast(CONDITIONS)
