"""Sign that lines may start a new term; which lines are over, or end soon, is what the publication in force says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, RunConflict
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.ledger import Ledger
from village_credit.ledger.lines_in_force import lines_in_force
from village_credit.ledger.renewals import RENEW, lines_by_end
from village_credit.publish.recording import record
from village_credit.signatures import signer
from village_credit.sql_files import sql
from village_credit.store.store import Store


@dataclass(frozen=True)
class Renewed:
    """What was signed: a county's lines that end by a day, or one household's.

    How many of those in force it concerns.
    """

    county_code: str
    ending_by: str
    household_key: str | None
    lines: int
    sum_limit_yuan: int
    by: str


def renew(store: Store, county_code: str, ending_by: date, by: str, reason: str, key: str | None = None) -> Renewed:
    """Sign that a county's lines ending on or before a day (of one household only, with `key`) may start a new term.

    The next scoring starts it, on the day after its own, with the figures of that day; until then nothing changes.
    Raises MissingInput where nothing is in force, RunConflict where it concerns no line.
    """
    by = signer(by)
    reason = required_reason(reason)
    ledger = Ledger.of(store)
    if not ledger.in_force_of(county_code):
        raise MissingInput(f"county {county_code}: nothing is in force, so there is no line to renew")
    lines, total = _concerned(store, ledger, county_code, ending_by, key)
    if not lines:
        raise RunConflict(
            f"county {county_code}: no line in force{f' of household {key}' if key else ''} ends by {ending_by}"
        )
    details = {
        "county_code": county_code,
        "ending_by": ending_by.isoformat(),
        "household_key": key,
        "reason": reason,
        "lines": lines,
    }
    record(store, RENEW, by, "", details)
    return Renewed(county_code, ending_by.isoformat(), key, lines, total, by)


def _concerned(store: Store, ledger: Ledger, county_code: str, ending_by: date, key: str | None) -> tuple[int, int]:
    """Count the lines that end by a day, those that are over and wait for it too, and sum their limits."""
    connection = query_cursor()
    connection.register("lines", lines_in_force(store, ledger, county_code, household_key=key, with_holds=False))
    connection.register("ends", lines_by_end(store, ledger.in_force_of(county_code)))
    ((count, amount),) = connection.execute(
        sql("services.casework", "lines_to_renew"), {"ending_by": ending_by}
    ).fetchall()
    return count, amount
