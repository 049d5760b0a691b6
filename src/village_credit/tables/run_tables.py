"""Intake, points and decisions become the run's tables: by household_key, ordered, without a name or number."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pyarrow as pa

from data_contracts.fields import Kind
from data_contracts.reasons import ROW_REASONS
from data_contracts.registry import INCOMING, field_specs
from village_credit.intake import Intake
from village_credit.pseudonyms import Keys, household_keys, row_key_hash

PLAIN_KEYS = (
    "land_issuer",
    "land_parcel",
    "land_transfer",
    "legal_basis",
    "branch",
)  # keys that name no person

TABLES: dict[str, str] = {
    "decisions": """
        SELECT h.county_code, h.township_code, h.village_code, k.household_key, d.* EXCLUDE (unit_code, borrower_member_no),
               CAST(d.default_probability_ppm AS DOUBLE) / 1000000 AS default_probability
        FROM decisions AS d JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code)
        ORDER BY k.household_key""",
    "waterfall": "SELECT k.household_key, w.* EXCLUDE (unit_code) FROM waterfall AS w JOIN keys AS k USING (unit_code) ORDER BY 1",
    "crop_terms": "SELECT k.household_key, c.* EXCLUDE (unit_code) FROM crop_terms AS c JOIN keys AS k USING (unit_code) ORDER BY 1, crop",
    "follow_up": """
        SELECT h.county_code, h.township_code, h.village_code, k.household_key, f.* EXCLUDE (unit_code)
        FROM follow_up AS f JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code) ORDER BY k.household_key""",
    "score_points": "SELECT k.household_key, p.* EXCLUDE (unit_code) FROM points AS p JOIN keys AS k USING (unit_code) SEMI JOIN decisions USING (unit_code) ORDER BY 1, rank, feature",
    "reconciliation": """
        SELECT s.office, s.contract, s.file_name, s.file_sha256, s.sheet, r.line_number, r.outcome, k.household_key
        FROM reconciliation AS r JOIN sources AS s USING (source_id)
        LEFT JOIN links AS l USING (row_id) LEFT JOIN keys AS k USING (unit_code)
        ORDER BY s.file_name, s.sheet, r.line_number""",
    "links": """
        SELECT s.office, l.contract AS source_table, s.file_name, s.sheet, r.line_number, k.household_key, l.stage, l.pass, l.agreement,
               l.score, l.margin, l.status, l.rules_version,
               b.file_name AS roster_file, b.sheet AS roster_sheet, o.line_number AS roster_line
        FROM links AS l JOIN first_lines AS r USING (row_id) JOIN sources AS s ON r.source_id = s.source_id
        LEFT JOIN first_lines AS o ON o.row_id = l.roster_row_id LEFT JOIN sources AS b ON b.source_id = o.source_id
        LEFT JOIN keys AS k USING (unit_code) ORDER BY s.file_name, s.sheet, r.line_number""",
    "link_quality": """
        SELECT o.office, q.contract AS source_table, q.village_code, q.records, q.automatic, q.confirmed, q.provisional, q.conflicting, q.unlinked
        FROM link_quality AS q JOIN (SELECT DISTINCT contract, office FROM sources) AS o USING (contract) ORDER BY ALL""",
    "quarantine": """
        SELECT s.office, s.contract, s.file_name, s.sheet, f.line_number,
               CASE WHEN list_contains($plain_keys, s.contract) THEN f.own_key ELSE hash_key(f.own_key) END AS office_key,
               f.field, f.rule, f.reason_code, t.reason_zh, f.value_masked, f.is_quarantine
        FROM findings AS f JOIN sources AS s USING (source_id) LEFT JOIN reason_texts AS t USING (reason_code)
        ORDER BY s.file_name, s.sheet, f.line_number, f.field, f.rule, f.reason_code""",
    "corrections": """
        SELECT s.office, s.contract, s.file_name, s.sheet, c.line_number, c.correction_number, c.state,
               b.file_name AS corrected_by_file, b.sheet AS corrected_by_sheet, c.corrected_by_line, c.basis
        FROM corrections AS c JOIN sources AS s USING (source_id) LEFT JOIN sources AS b ON b.source_id = c.corrected_by_source
        ORDER BY s.file_name, s.sheet, c.line_number""",
    "households": """
        SELECT k.household_key, h.county_code, h.township_code, h.village_code, h.persons_register AS persons, h.children,
               w.area_mu, c.crop AS main_crop, b.labourers, w.income_yuan,
               (SELECT list(contract ORDER BY contract) FROM facts_sources WHERE unit_code = h.unit_code) AS sources
        FROM households AS h JOIN keys AS k USING (unit_code) LEFT JOIN waterfall AS w USING (unit_code)
        LEFT JOIN (SELECT unit_code, arg_max(crop, (crop_mu, crop)) AS crop FROM crop_terms GROUP BY unit_code) AS c USING (unit_code)
        LEFT JOIN (SELECT unit_code, arg_max(labourers, year) AS labourers FROM books GROUP BY unit_code) AS b USING (unit_code)
        ORDER BY 1""",
    "places": """
        WITH served AS (SELECT township_code, branch_code, branch_name FROM branches),
        counted AS (SELECT village_code, count(*) AS households FROM households GROUP BY village_code)
        SELECT 'village' AS level, p.village_code AS place_code, p.village_name AS place_name, p.township_code AS within_code,
               branch_code, branch_name, coalesce(households, 0) AS households
        FROM places AS p LEFT JOIN served USING (township_code) LEFT JOIN counted USING (village_code)
        UNION ALL
        SELECT 'township', township_code, max(township_name), left(township_code, 6), max(branch_code), max(branch_name), sum(coalesce(households, 0))
        FROM places LEFT JOIN served USING (township_code) LEFT JOIN counted USING (village_code) GROUP BY township_code
        UNION ALL
        SELECT 'county', $county, $county, NULL, NULL, NULL, count(*) FROM households
        ORDER BY 1, 2""",
}


def run_tables(
    intake: Intake, points: pa.Table, decided: dict[str, pa.Table], keys: Keys, county_code: str
) -> dict[str, pa.Table]:
    """Return every table of a run except its gates.

    `decided`: decisions, waterfall, crop_terms, follow_up; `points`: unit_code, feature, value, bin, points, points_lost, rank.
    """
    connection = duckdb.connect()
    facts = intake.facts
    registered = {
        "keys": _key_table(keys, facts["households"]),
        "households": facts["households"],
        "books": facts["books"],
        "facts_sources": facts["sources"],
        "links": intake.links,
        "link_quality": intake.link_quality,
        "places": intake.places,
        "branches": intake.settled["branch"],
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
    _register_hash(connection, lambda text: row_key_hash(keys, text))
    connection.execute(
        "CREATE VIEW first_lines AS SELECT row_id, source_id, min(line_number) AS line_number FROM reconciliation WHERE row_id IS NOT NULL GROUP BY ALL"
    )
    values = {"plain_keys": list(PLAIN_KEYS), "county": county_code}
    tables = {
        name: connection.sql(
            query, params={key: value for key, value in values.items() if f"${key}" in query}
        ).to_arrow_table()
        for name, query in TABLES.items()
    }
    tables["control_totals"] = control_totals(intake)
    tables["branches"] = (
        intake.settled["branch"]
        .select(["branch_code", "branch_name", "township_code", "manager_number"])
        .sort_by("township_code")
    )
    return tables


def _register_hash(connection: duckdb.DuckDBPyConnection, hash_key: Callable[[str], str]) -> None:
    connection.create_function("hash_key", hash_key, ["VARCHAR"], "VARCHAR")


def _key_table(keys: Keys, households: pa.Table) -> pa.Table:
    pseudonyms = household_keys(keys, households.column("unit_code").to_pylist())
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
    connection = duckdb.connect()
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
        f"SELECT source_id, '{measure}' AS measure, '{unit}' AS unit, count(*) AS rows, CAST({total} AS DECIMAL(38,4)) AS value FROM rows_{contract} GROUP BY source_id"
        for measure, unit, total in sums
    ]
