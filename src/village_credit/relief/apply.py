"""Facts and declarations become facts in which declared relief is reckoned, and what that changed, by household."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.relief import CROP_FARMING, LIVESTOCK_FARMING, ReliefDeclaration
from village_credit.duckdb_session import cursor_over
from village_credit.sql_files import sql

FACTS_READ = ("households", "conducts", "negatives", "exposures", "traders", "crops", "books")
DECLARED = pa.schema(
    [
        ("document", pa.string()),
        ("cause", pa.string()),
        ("area_codes", pa.list_(pa.string())),
        ("industries", pa.list_(pa.string())),
        ("starts_on", pa.date32()),
        ("ends_on", pa.date32()),
        ("measures", pa.list_(pa.string())),
    ]
)
PROOFS = pa.schema(
    [("document", pa.string()), ("person_id", pa.string()), ("loan_number", pa.string()), ("proof", pa.string())]
)


@dataclass(frozen=True)
class Allowed:
    """What the policy says of relief: listing reasons that mean arrears, measures that may be offered, and how far."""

    conduct_reasons: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    extension_months: int = 0
    rate_cut_bp: int = 0


@dataclass(frozen=True)
class Relieved:
    """What relief came to, by unit_code.

    `facts`: conduct and listings as they count. `windows`: unit_code, document, cause, starts_on, ends_on (begun by the
    day). `affected`: unit_code of those whose window is open today. `excused`: a loan whose days were spared: since,
    days_overdue, max_days_overdue, days_left, worst_left, proof. `lifted`: unit_code, reason_code, listed_on of
    entries that fell. `offers`: a measure for an open loan. `unmatched`: proofs that name no known loan, by document.
    """

    facts: dict[str, pa.Table]
    windows: pa.Table
    affected: pa.Table
    excused: pa.Table
    lifted: pa.Table
    offers: pa.Table
    unmatched: dict[str, int]


def declared_table(declarations: Iterable[ReliefDeclaration]) -> pa.Table:
    """Return declarations as a table, one row each."""
    rows = [{**d.model_dump(), "starts_on": d.from_, "ends_on": d.to} for d in declarations]
    return pa.Table.from_pylist(rows, schema=DECLARED)


def relieve(
    facts: dict[str, pa.Table],
    identities: pa.Table,
    declared: pa.Table,
    proofs: pa.Table,
    as_of: date,
    allowed: Allowed,
) -> Relieved:
    """Reckon declared relief into a county's facts as of a day.

    `identities`: unit_code and person_id of members, in memory only; `proofs`: PROOFS. Without a declaration the facts
    come back as they are.
    """
    given = {name: facts[name] for name in FACTS_READ}
    connection = cursor_over({**given, "identities": identities, "declared": declared, "proofs": proofs})
    _reckon(connection, as_of, allowed)
    return Relieved(
        facts={**facts, **_counted(connection, facts)} if declared.num_rows else facts,
        unmatched=_unmatched(connection),
        affected=connection.sql(sql("relief", "affected"), params={"as_of": as_of}).to_arrow_table(),
        **{name: connection.sql(query).to_arrow_table() for name, query in FOUND.items()},
    )


def _reckon(connection: duckdb.DuckDBPyConnection, as_of: date, allowed: Allowed) -> None:
    """Run the steps: who is in which window, which days do not count, what may be offered."""
    values = _values(as_of, allowed)
    for step in ("windows", "excuse", "measures"):
        for statement in filter(str.strip, sql("relief", step).split(";\n")):
            connection.execute(statement, {k: v for k, v in values.items() if f"${k}" in statement})


def _values(as_of: date, allowed: Allowed) -> dict[str, Any]:
    """Return what the steps ask for by name."""
    return {
        "as_of": as_of,
        "crop_farming": CROP_FARMING,
        "livestock_farming": LIVESTOCK_FARMING,
        "conduct_reasons": list(allowed.conduct_reasons),
        "measures": list(allowed.measures),
        "extension_months": allowed.extension_months,
        "rate_cut_bp": allowed.rate_cut_bp,
    }


def _counted(connection: duckdb.DuckDBPyConnection, facts: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """Return conduct and listings as they count once excused days and lifted entries are out."""
    found = {"conducts": "FROM conducts_counted", "negatives": sql("relief", "negatives_counted")}
    return {name: connection.sql(query).to_arrow_table().cast(facts[name].schema) for name, query in found.items()}


def _unmatched(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Count each declaration's proofs that no loan of its area answers."""
    rows = connection.sql(sql("relief", "relieve")).to_arrow_table().to_pylist()
    return {row["document"]: row["proofs"] for row in rows}


FOUND = {
    "windows": "SELECT unit_code, document, cause, starts_on, ends_on FROM in_window ORDER BY ALL",
    "excused": "FROM excused ORDER BY ALL",
    "lifted": "SELECT unit_code, reason_code, listed_on FROM lifted WHERE is_lifted ORDER BY ALL",
    "offers": "FROM offers",
}
ROWS = sql("relief", "relief_rows")


def relief_rows(relieved: Relieved) -> pa.Table:
    """Return one row a unit and window: what was excused of the unit's conduct, and how many listings fell."""
    connection = cursor_over({"windows": relieved.windows, "excused": relieved.excused, "lifted": relieved.lifted})
    return connection.sql(ROWS).to_arrow_table()
