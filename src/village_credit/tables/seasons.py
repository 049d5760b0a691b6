"""When a granted revolving line may be drawn, season by season, and when each is due."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa

from village_credit.catalogue import run_tables
from village_credit.duckdb_session import cursor_over
from village_credit.policy.compiled import PPM, scaled
from village_credit.policy.model import PolicyInForce
from village_credit.policy.seasons import windows_ahead
from village_credit.sql_files import sql

WINDOWS = pa.schema(
    [
        ("product", pa.string()),
        ("season", pa.string()),
        ("crop", pa.string()),
        ("opens_on", pa.date32()),
        ("closes_on", pa.date32()),
        ("due_on", pa.date32()),
        ("share_ppm", pa.int64()),
    ]
)


def season_schedule(decisions: pa.Table, crop_terms: pa.Table, policy: PolicyInForce, as_of: date) -> pa.Table:
    """Return the seasons of each granted line from the day after `as_of`, by household_key; amounts in whole yuan.

    Rounded down to the policy's step, so that what is open or still to be repaid is on no day above the limit.
    """
    windows = [
        {
            "product": window.season.product,
            "season": window.season.season,
            "crop": window.season.crop,
            "opens_on": window.opens_on,
            "closes_on": window.closes_on,
            "due_on": window.due_on,
            "share_ppm": scaled("seasons", window.season.share, PPM),
        }
        for window in windows_ahead(policy, as_of + timedelta(days=1))
    ]
    if not windows:
        return run_tables()["seasons"].schema().empty_table()
    tables = {
        "decisions": decisions,
        "crop_terms": crop_terms,
        "windows": pa.Table.from_pylist(windows, schema=WINDOWS),
    }
    query = sql("tables", "season_schedule")
    return cursor_over(tables).sql(query, params={"step": int(policy.figure("step"))}).to_arrow_table()
