"""What keeps a household from being erased: a line in force, money that is owed, records that are to be kept."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from village_credit.duckdb_session import query_cursor
from village_credit.errors import GateRefused
from village_credit.ledger.balances import drawn_before
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.returned import sealed_rows
from village_credit.policy.model import Policy
from village_credit.policy.retention import CONTRACTS, kept_days
from village_credit.sql_files import sql
from village_credit.store.store import Store

ROOM = "services.keeping"


def require_no_line(store: Store, ledger: Ledger, keys: list[str], on: date) -> None:
    """Raise GateRefused where a household has a line that may be drawn on a day: no flag passes that over."""
    lines = lines_in_force(store, ledger)
    mine = lines.filter(pc.is_in(lines.column("household_key"), pa.array(keys, pa.string())))
    for row in mine.to_pylist():
        if row["decision"] == "granted" and row["limit_yuan"] and (row["valid_to"] is None or row["valid_to"] >= on):
            raise GateRefused(
                f"household {row['household_key']}: its {row['product']} of county {row['county_code']} is in force "
                f"until {row['valid_to']}; end it first: `village-credit hold {row['household_key']}` freezes it at "
                f"its branch at once, a publication without it closes it"
            )


def require_no_duty(store: Store, ledger: Ledger, keys: list[str], policy: Policy, on: date) -> None:
    """Raise GateRefused where something is owed, or records of a contract are not yet old enough.

    Their days are reckoned from the contract's last movement; the policy says how many.
    """
    owed = [
        row for row in drawn_before(store, ledger, on + timedelta(days=1)).to_pylist() if row["household_key"] in keys
    ]
    for row in owed:
        if row["drawn_yuan"] > Decimal(0):
            raise GateRefused(
                f"household {row['household_key']}: {row['drawn_yuan']} yuan of its {row['product']} are drawn and not "
                f"repaid, by what the core system said; erase it once they are repaid, and their records old enough"
            )
    for row in _last_moves(store, ledger, keys):
        days = kept_days(policy, CONTRACTS, on, row["county_code"])
        if on < row["moved_on"] + timedelta(days=days):
            raise GateRefused(
                f"household {row['household_key']}: records of its contract are kept for {days:,} days from "
                f"{row['moved_on']}, its last movement ([[retention]] of the policy, {CONTRACTS}); erase it from "
                f"{row['moved_on'] + timedelta(days=days)}, or say with --despite-records that whoever answers for the "
                f"law allows it now"
            )


def _last_moves(store: Store, ledger: Ledger, keys: list[str]) -> list[dict[str, Any]]:
    connection = query_cursor()
    for name in ("contracts", "draws", "repayments"):
        connection.register(name, sealed_rows(store, ledger, name))
    found = connection.sql(sql(ROOM, "last_moves"), params={"keys": keys}).to_arrow_table()
    rows: list[dict[str, Any]] = found.to_pylist()
    return rows
