"""The clocks of referred traders over the runs' files: decided and first drawn, in working days."""

from __future__ import annotations

from datetime import date

from village_credit.china_calendar import working_calendar
from village_credit.sql_files import sql

READ = ("referrals", "draws", "publications", "branch_limits", "working_calendar")


def clocks_sql(schema: str = "") -> str:
    """Write the query of referrals with their clocks over the relations of READ; one row a referred trader and run."""
    return sql("publish", "referrals_clocked").format(**{name: f"{schema}{name}" for name in READ})


def calendar_since(first: date | None) -> list[tuple[date, int]]:
    """Return the working calendar from the year of the first referral on; none without referrals."""
    return working_calendar(first.year) if first else []
