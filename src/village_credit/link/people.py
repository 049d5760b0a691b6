"""Whom each delivered row is about: one table over all contracts, with ID number, name and village."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.registry import office_of
from village_credit.link.villages import resolve_villages

# contract → (name column, township text, village text); None where the table has no such column
PERSON_COLUMNS: dict[str, tuple[str | None, str | None, str | None]] = {
    "land_contractor": ("contractor_name", None, None),
    "land_member": ("member_name", None, None),
    "land_subsidy": ("payee_name", None, "village_name"),
    "crop_declaration": ("grower_name", None, "village_name"),
    "family_farm": ("operator_name", None, "village_name"),
    "household_economy": ("head_name", "township_name", "village_name"),
    "monitored_household": ("member_name", None, "village_name"),
    "machinery_subsidy": ("buyer_name", "township_name", "village_name"),
    "bank_exposure": ("borrower_name", None, None),
    "bank_conduct": (None, None, None),
    "credit_line": ("borrower_name", None, None),
    "negative_list": ("person_name", None, None),
    "related_party": ("person_name", None, None),
    "objection": (None, None, None),
    "trader_referral": ("operator_name", None, None),
}
REGISTER = ("land_contractor", "land_member")

COMPLETED = """
CREATE MACRO digit_sum(t) AS list_sum(list_transform(range(17), lambda i:
    CAST(substr(t, i + 1, 1) AS INTEGER) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i + 1]));
CREATE MACRO completed_15(t) AS left(t, 6) || '19' || right(t, 9) || substr('10X98765432', CAST(digit_sum(left(t, 6) || '19' || right(t, 9)) % 11 AS BIGINT) + 1, 1);
"""

PEOPLE = """
CREATE TABLE people AS
SELECT raw.*, CASE id_status WHEN 'valid' THEN id_number WHEN 'valid_15' THEN completed_15(id_number) END AS person_id
FROM raw_people AS raw
"""

# The land register's own rows lie in the village of their code; others where their text says.
VILLAGE = """
CREATE TABLE located AS
SELECT people.* EXCLUDE (village_text, township_text),
       CASE WHEN contractor_code IS NOT NULL THEN [left(contractor_code, 12)]
            ELSE coalesce(village_codes, []) END AS village_codes,
       people.village_text IS NOT NULL AND village_codes IS NULL AS is_unknown_village
FROM people LEFT JOIN resolved_villages
  ON people.source_id = resolved_villages.source_id AND people.village_text = resolved_villages.village_text
 AND coalesce(people.township_text, '') = resolved_villages.township_text
"""

# Whole numbers that other extracts give for a name in a place.
KNOWN = """
CREATE TABLE known AS
SELECT DISTINCT source_id, office, name, person_id, village_code, left(village_code, 9) AS township_code
FROM (SELECT source_id, office, name, person_id, village_codes[1] AS village_code FROM located JOIN offices USING (contract)
      WHERE person_id IS NOT NULL AND name IS NOT NULL AND length(village_codes) = 1)
"""

# A repair needs one person and no second: of the kept digits, name and village in another extract; or, for a
# mistyped number, one digit or two swapped neighbours off a whole number of another office in the township.
REPAIRED = """
CREATE TABLE repaired AS
WITH broken AS (
    SELECT row_id, source_id, office, name, id_number, id_status, village_codes[1] AS village_code, left(village_codes[1], 9) AS township_code
    FROM located JOIN offices USING (contract)
    WHERE id_status IN ('excel_damaged', 'masked', 'check_digit') AND length(id_number) = 18 AND length(village_codes) = 1
), candidates AS (
    SELECT row_id, person_id, CASE id_status WHEN 'masked' THEN 'masked_id' ELSE 'repaired_id' END AS repair
    FROM broken JOIN known USING (name, village_code)
    WHERE known.source_id <> broken.source_id
      AND ((id_status = 'excel_damaged' AND left(person_id, 15) = left(id_number, 15))
        OR (id_status = 'masked' AND person_id LIKE replace(id_number, '*', '_')))
    UNION ALL
    SELECT row_id, person_id, 'mistyped_id' FROM broken JOIN known USING (name, township_code)
    WHERE id_status = 'check_digit' AND known.office <> broken.office
      AND damerau_levenshtein(person_id, id_number) = 1
)
SELECT row_id, min(person_id) AS repaired_id, min(repair) AS repair
FROM candidates GROUP BY row_id HAVING count(DISTINCT person_id) = 1
"""

IDENTIFIED = """
CREATE TABLE identified AS
SELECT located.* EXCLUDE (contractor_code) REPLACE (coalesce(person_id, repaired_id) AS person_id), repaired_id IS NOT NULL AS is_repaired, repair
FROM located LEFT JOIN repaired USING (row_id)
"""


def identify(
    connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table], hints: pa.Table
) -> pa.Table:
    """Make `identified` and give it, one row per person-bearing row.

    row_id, contract, source_id, name, id_status, person_id, village_codes, is_repaired, and repair
    (repaired_id | masked_id | mistyped_id, null where none was needed or none was certain).
    `accepted`: per contract, rows with row_id and source_id. Needs `places`.
    """
    connection.execute(COMPLETED)
    connection.register("raw_people", _raw_people(connection, accepted))
    connection.execute(PEOPLE)
    resolve_villages(connection, hints)
    connection.register("offices", _offices())
    for statement, done_with in (
        (VILLAGE, "people"),
        (KNOWN, ""),
        (REPAIRED, "known"),
        (IDENTIFIED, "located"),
    ):
        connection.execute(statement)
        if done_with:
            connection.execute(f"DROP TABLE {done_with}")  # a county's rows are held once, not thrice
    return connection.sql("SELECT * FROM identified ORDER BY row_id").to_arrow_table()


def _offices() -> pa.Table:
    """Say which office each contract comes from: a typing error is confirmed by another office only."""
    return pa.table(
        {"contract": list(PERSON_COLUMNS), "office": [office_of(name) for name in PERSON_COLUMNS]}
    )


def _raw_people(connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table]) -> pa.Table:
    """Bring every person-bearing contract to the same columns."""
    parts = []
    for contract, (name, township, village) in PERSON_COLUMNS.items():
        if contract not in accepted:
            continue
        connection.register(f"accepted_{contract}", accepted[contract])
        code = "contractor_code" if contract in REGISTER else "NULL"
        parts.append(f"""
            SELECT row_id, '{contract}' AS contract, source_id, {name or "NULL"}::VARCHAR AS name, id_number, id_status,
                   {township or "NULL"}::VARCHAR AS township_text, {village or "NULL"}::VARCHAR AS village_text,
                   {code}::VARCHAR AS contractor_code FROM accepted_{contract}""")
    return connection.sql(" UNION ALL ".join(parts)).to_arrow_table()
