"""Sign that lines may start a new term; which lines are over, or end soon, is what the publication in force says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from village_credit.duckdb_session import query_cursor
from village_credit.errors import MissingInput, RunConflict
from village_credit.ledger.four_eyes import required_reason
from village_credit.ledger.log import append, read_ledger
from village_credit.ledger.publications import Publication, in_force
from village_credit.ledger.renewals import RENEW, _due
from village_credit.publish.warehouse import build_warehouse
from village_credit.signatures import signer
from village_credit.store.store import Store


@dataclass(frozen=True)
class Renewed:
    """What was signed: a county's lines that end by a day, or one household's; how many of those in force it concerns."""

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
    entries = read_ledger(store.root / "ledger")
    current = [p for p in in_force(entries) if p.county_code == county_code]
    if not current:
        raise MissingInput(f"county {county_code}: nothing is in force, so there is no line to renew")
    lines, total = _concerned(store, current, ending_by, key)
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
    append(store.root / "ledger", RENEW, by, "", details)
    build_warehouse(store)
    return Renewed(county_code, ending_by.isoformat(), key, lines, total, by)


def _concerned(store: Store, current: list[Publication], ending_by: date, key: str | None) -> tuple[int, int]:
    """Count the lines that end by a day, those that are over and wait for it too, and sum their limits."""
    connection = query_cursor()
    lines = total = 0
    for publication in current:
        folder = store.require_run(publication.run_id)
        connection.register("waiting", _due(store, publication.run_id))
        query = """
            SELECT count(*), coalesce(sum(limit_yuan), 0)::BIGINT FROM read_parquet($path) AS d LEFT JOIN waiting AS w USING (household_key, product)
            WHERE coalesce(d.valid_to, w.ended_on) <= $ending_by AND ($key IS NULL OR household_key = $key) AND ($product IS NULL OR product = $product)"""
        values = {
            "path": str(folder / "decisions.parquet"),
            "ending_by": ending_by,
            "key": key,
            "product": publication.product,
        }
        ((count, amount),) = connection.execute(query, values).fetchall()
        lines, total = lines + count, total + amount
    return lines, total
