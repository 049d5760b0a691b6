"""Each contract's delivery as a whole, over all its files: a minimum fails, a maximum warns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from data_contracts.county_terms import Checks, CountyTerms
from data_contracts.registry import INCOMING, office_of
from village_credit.duckdb_session import cursor_over, query_cursor
from village_credit.intake import Intake
from village_credit.link.roster import birthday_limit
from village_credit.sql_files import sql
from village_credit.tables.standing_lines import standing_lines

SCHEMA = pa.schema(
    [
        ("office", pa.string()),
        ("contract", pa.string()),
        ("measure", pa.string()),
        ("field", pa.string()),
        ("value", pa.float64()),
        ("minimum", pa.float64()),
        ("maximum", pa.float64()),
        ("verdict", pa.string()),
    ]
)


DEAD_NOTED_IN, OLD_AGE, LEAST_DEAD = "land_member", 60, 20


@dataclass(frozen=True)
class _Check:
    """One figure of a contract's delivery and its bounds; none: not bounded on that side."""

    measure: str
    field: str
    value: float | None
    minimum: float | None
    maximum: float | None

    @property
    def verdict(self) -> str:
        """Fail below the minimum or where a figure with a minimum is missing; warn above the maximum."""
        if self.minimum is not None and (self.value is None or self.value < self.minimum):
            return "fail"
        is_over = self.maximum is not None and self.value is not None and self.value > self.maximum
        return "warn" if is_over else "pass"


def extract_checks(intake: Intake, terms: CountyTerms, rows_before: Mapping[str, int], as_of: date) -> pa.Table:
    """Judge every contract of which anything was delivered as of a day (SCHEMA).

    `rows_before`: standing rows per contract in the county's last publication, where there was one.
    """
    outcomes = _outcomes(intake)
    found = []
    for contract in INCOMING:
        if contract not in outcomes and contract not in rows_before:
            continue
        checks = terms.check(contract)
        rows = intake.settled[contract]
        for check in (
            *_counts(checks, rows.num_rows, rows_before.get(contract)),
            *_shares(checks, outcomes.get(contract, {})),
            *_fields(checks, rows),
            *(_dead(checks, intake, as_of) if contract == DEAD_NOTED_IN else ()),
        ):
            told = {"office": office_of(contract), "contract": contract, "verdict": check.verdict}
            found.append({**told, **check.__dict__})
    return pa.Table.from_pylist(found, schema=SCHEMA)


def _dead(checks: Checks, intake: Intake, as_of: date) -> Iterator[_Check]:
    """Ask whether those noted as dead are: on one platform their code means who works away from home.

    They would be many and young, and this year's lists would name them. A few noted ones tell nothing.
    """
    connection = cursor_over({"members": intake.facts["members"], "identities": intake.identities})
    dated = [rows for rows in intake.settled.values() if {"person_id", "year"} <= set(rows.column_names)]
    named = [rows.filter(pc.greater_equal(rows.column("year"), as_of.year - 1)).select(["person_id"]) for rows in dated]
    connection.register("seen", pa.concat_tables(named))
    values = {"old_born": birthday_limit(as_of, OLD_AGE)}
    ((count, old, unseen),) = connection.execute(sql("tables", "noted_dead"), values).fetchall()
    if count >= LEAST_DEAD:
        yield _Check("dead_of_age", "member_note", old, checks.minimum_dead_of_age, None)
        yield _Check("dead_unseen", "member_note", unseen, checks.minimum_dead_unseen, None)


def _outcomes(intake: Intake) -> dict[str, dict[str, int]]:
    """Count data lines by contract and outcome, second copies of a file and rows that were mended aside."""
    connection = query_cursor()
    connection.register("reconciliation", standing_lines(intake))
    own = [(s.source_id, s.contract) for s in intake.sources if s.contract and not s.is_copy]
    connection.register(
        "sources",
        pa.table(
            {
                "source_id": pa.array([number for number, _ in own], pa.int64()),
                "contract": pa.array([contract for _, contract in own], pa.string()),
            }
        ),
    )
    query = sql("tables", "outcomes")
    found: dict[str, dict[str, int]] = {}
    for contract, outcome, count in connection.execute(query).fetchall():
        found.setdefault(contract, {})[outcome] = count
    return found


def _counts(checks: Checks, rows: int, before: int | None) -> Iterator[_Check]:
    yield _Check("rows", "", float(rows), float(checks.minimum_rows), _optional(checks.maximum_rows))
    if before:
        yield _Check("change", "", rows / before, checks.minimum_change, checks.maximum_change)


def _optional(bound: int | None) -> float | None:
    return None if bound is None else float(bound)


def _shares(checks: Checks, outcomes: dict[str, int]) -> Iterator[_Check]:
    total = sum(outcomes.values())
    for measure, outcome, most in (
        ("duplicate_share", "duplicate", checks.maximum_duplicate_share),
        ("quarantined_share", "quarantined", checks.maximum_quarantined_share),
    ):
        yield _Check(measure, "", outcomes.get(outcome, 0) / total if total else None, None, most)


def _fields(checks: Checks, rows: pa.Table) -> Iterator[_Check]:
    """Ask how often a field is filled, and whether a typical value is plausible."""
    for field, least in checks.minimum_filled.items():
        filled = rows.num_rows - rows.column(field).null_count
        yield _Check("filled_share", field, filled / rows.num_rows if rows.num_rows else None, least, None)
    if not checks.typical:
        return
    connection = query_cursor()
    connection.register("rows", rows)
    for field, (low, high) in checks.typical.items():
        ((middle,),) = connection.execute(f"SELECT CAST(median({field}) AS DOUBLE) FROM rows").fetchall()
        yield _Check("median", field, middle, low, high)
