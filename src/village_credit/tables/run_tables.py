"""Intake, points and decisions become the run's tables: by household_key, ordered, without a name or number."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pyarrow as pa

from data_contracts.fields import Kind
from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import INCOMING, field_specs
from village_credit.duckdb_session import own_function, own_tables, query_cursor, with_few_texts
from village_credit.intake import Intake
from village_credit.pseudonyms import Keys, row_key_hash
from village_credit.sql_files import sql

PLAIN_KEYS = (
    "land_issuer",
    "land_parcel",
    "land_transfer",
    "legal_basis",
    "branch",
    "branch_change",
)  # keys that name no person

TABLES = (
    "decisions",
    "waterfall",
    "crop_terms",
    "follow_up",
    "score_points",
    "reconciliation",
    "links",
    "link_quality",
    "quarantine",
    "corrections",
    "households",
    "places",
)
LINKED_ROWS = "linked_rows"  # of the vault, not of the run: places in files beside households


def run_tables(
    intake: Intake,
    points: pa.Table,
    decided: dict[str, pa.Table],
    pseudonyms: dict[str, str],
    keys: Keys,
    county: tuple[str, str],
) -> dict[str, pa.Table]:
    """Return every table of a run except its gates, and `linked_rows`, which the vault keeps.

    `pseudonyms`: the key of each unit. `decided`: decisions, waterfall, crop_terms, follow_up; `points`: unit_code,
    feature, value, bin, points, points_lost, rank. `county`: its code and name.
    """
    connection = own_tables()
    facts = intake.facts
    registered = {
        "keys": _key_table(pseudonyms),
        "households": facts["households"],
        "books": facts["books"],
        "facts_sources": facts["sources"],
        "links": intake.links,
        "link_quality": intake.link_quality,
        "places": intake.places,
        "branches": facts["branches"],
        "reconciliation": intake.reconciliation,
        "findings": intake.findings,
        "corrections": intake.corrections,
        "sources": _source_table(intake),
        "reason_texts": pa.table({"reason_code": list(ROW_REASONS), "reason_zh": list(ROW_REASONS.values())}),
        "points": points,
        **decided,
    }
    for name, table in registered.items():
        connection.register(name, table)
    own_function(connection, "hash_key", lambda text: row_key_hash(keys, text))
    connection.execute(sql("tables", "run_tables"))
    values = {"plain_keys": list(PLAIN_KEYS), "county": county[0], "county_name": county[1]}
    queries = {name: sql("tables", name) for name in (*TABLES, LINKED_ROWS)}
    tables = {name: _table(connection, name, query, values) for name, query in queries.items()}
    tables["control_totals"] = control_totals(intake)
    return tables | {name: facts[name] for name in ("branches", "branch_changes")}


# Columns of few texts over millions of rows: a county's lines at full width would be a third of what a scoring holds.
OF_A_LINE = ("office", "contract", "source_table", "file_name", "file_sha256", "sheet", "outcome")
OF_A_LINK = ("pass", "agreement", "status", "rules_version", "roster_file", "roster_sheet")
FEW_TEXTS = {
    "reconciliation": OF_A_LINE,
    "links": (*OF_A_LINE, *OF_A_LINK),
    LINKED_ROWS: (*OF_A_LINE, *OF_A_LINK),
    "score_points": ("feature", "bin", "reason_zh"),
}


def _table(connection: duckdb.DuckDBPyConnection, name: str, query: str, values: dict[str, Any]) -> pa.Table:
    asked = {key: each for key, each in values.items() if re.search(rf"\${key}\b", query)}
    return with_few_texts(connection.sql(query, params=asked), FEW_TEXTS.get(name, ()))


def _key_table(pseudonyms: dict[str, str]) -> pa.Table:
    return pa.table(
        {
            "unit_code": pa.array(pseudonyms.keys(), pa.string()),
            "household_key": pa.array(pseudonyms.values(), pa.string()),
        }
    )


def _source_table(intake: Intake) -> pa.Table:
    columns = ("source_id", "office", "contract", "file_name", "file_sha256", "sheet")
    schema = pa.schema([(name, pa.int64() if name == "source_id" else pa.string()) for name in columns])
    return pa.table({name: [getattr(source, name) for source in intake.sources] for name in columns}, schema=schema)


def control_totals(intake: Intake) -> pa.Table:
    """Sum accepted rows per file: rows, mu and yuan; land by its contract area wherever it was delivered."""
    connection = query_cursor()
    connection.register("sources", _source_table(intake))
    parts = []
    for contract in INCOMING:
        connection.register(f"rows_{contract}", intake.settled[contract])
        parts.extend(_measures(contract))
    query = f"""
        SELECT s.office, s.contract, s.file_name, s.sheet, measure, unit, rows, value
        FROM ({" UNION ALL ".join(parts)}) JOIN sources AS s USING (source_id) ORDER BY s.file_name, s.sheet, measure"""
    return connection.sql(query).to_arrow_table()


def _measures(contract: str) -> list[str]:
    """Write one sum per measured column of a contract."""
    sums = [("rows", "rows", "count(*)")]
    names = {spec.name for spec in field_specs(contract)}
    if "measured_mu" in names:
        sums.append(("area_mu", "mu", "sum(coalesce(contract_mu, measured_mu))"))
    sums.extend(
        (spec.name, spec.kind.value, f"sum({spec.name})")
        for spec in field_specs(contract)
        if spec.kind in (Kind.YUAN, Kind.MU) and spec.name not in ("measured_mu", "contract_mu")
    )
    return [
        sql("tables", "measures").format(measure=measure, unit=unit, total=total, contract=contract)
        for measure, unit, total in sums
    ]
