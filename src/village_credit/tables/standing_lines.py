"""Which lines a gate or a check counts: a fault that was mended counts no more."""

from __future__ import annotations

import pyarrow as pa

from village_credit.duckdb_session import cursor_over
from village_credit.intake import Intake
from village_credit.sql_files import sql


def standing_lines(intake: Intake) -> pa.Table:
    """Return the reconciliation of a county without the lines of quarantined rows that another row mended."""
    given = {"reconciliation": intake.reconciliation, "corrections": intake.corrections}
    return cursor_over(given).sql(sql("tables", "standing_lines")).to_arrow_table()
