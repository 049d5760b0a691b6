"""Whom each delivered row is about: one table over all contracts, with ID number, name and village."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from data_contracts.registry import office_of
from village_credit.link.names import FIRM, agreement, create_name_keys
from village_credit.link.villages import resolve_villages

# contract → (name column, township text, village text, group text); None where the table has no such column
PERSON_COLUMNS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    "land_contractor": ("contractor_name", None, None, None),
    "land_member": ("member_name", None, None, None),
    "land_subsidy": ("payee_name", None, "village_name", "group_name"),
    "crop_declaration": ("grower_name", None, "village_name", "village_name"),
    "family_farm": ("operator_name", None, "village_name", "village_name"),
    "household_economy": ("head_name", "township_name", "village_name", "group_name"),
    "monitored_household": ("member_name", None, "village_name", "village_name"),
    "machinery_subsidy": ("buyer_name", "township_name", "village_name", "village_name"),
    "bank_exposure": ("borrower_name", None, None, None),
    "bank_conduct": (None, None, None, None),
    "credit_line": ("borrower_name", None, None, None),
    "negative_list": ("person_name", None, None, None),
    "related_party": ("person_name", None, None, None),
    "objection": (None, None, None, None),
    "trader_referral": ("operator_name", None, None, None),
}
REGISTER = ("land_contractor", "land_member")

COMPLETED = """
CREATE MACRO digit_sum(t) AS list_sum(list_transform(range(17), lambda i:
    CAST(substr(t, i + 1, 1) AS INTEGER) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i + 1]));
CREATE MACRO completed_15(t) AS left(t, 6) || '19' || right(t, 9) || substr('10X98765432', CAST(digit_sum(left(t, 6) || '19' || right(t, 9)) % 11 AS BIGINT) + 1, 1);
"""

# 二组, 第12小组, 3: the number of a village's group
GROUP_NUMBER = """
CREATE MACRO group_number(t) AS coalesce(
    try_cast(regexp_extract(t, '([0-9]{1,2})(?:组|小组|队|$)', 1) AS INTEGER),
    list_position(['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二', '十三', '十四', '十五', '十六', '十七', '十八', '十九', '二十'],
                  regexp_extract(t, '([一二三四五六七八九十]{1,3})(?:组|小组)', 1)));
"""

PEOPLE = """
CREATE TABLE people AS
SELECT raw.*, CASE id_status WHEN 'valid' THEN id_number WHEN 'valid_15' THEN completed_15(id_number) END AS person_id
FROM raw_people AS raw
"""

# The land register's own rows lie in the village of their code; others where their text says.
VILLAGE = """
CREATE TABLE located AS
SELECT people.* EXCLUDE (village_text, township_text, group_text),
       CASE WHEN contractor_code IS NOT NULL THEN nullif(CAST(substr(contractor_code, 13, 2) AS INTEGER), 0)
            ELSE group_number(group_text) END AS group_no,
       CASE WHEN contractor_code IS NOT NULL THEN [left(current_area(contractor_code), 12)]
            ELSE coalesce(village_codes, []) END AS village_codes,
       people.village_text IS NOT NULL AND village_codes IS NULL AS is_unknown_village
FROM people LEFT JOIN resolved_villages
  ON people.source_id = resolved_villages.source_id AND people.village_text = resolved_villages.village_text
 AND coalesce(people.township_text, '') = resolved_villages.township_text
"""

# Whole numbers that other extracts give for a name in a place.
KNOWN = """
CREATE TABLE known AS
SELECT DISTINCT source_id, office, name, person_id, village_codes[1] AS village_code, left(village_codes[1], 9) AS township_code
FROM located JOIN offices USING (contract)
WHERE person_id IS NOT NULL AND name IS NOT NULL AND length(village_codes) = 1
"""

BROKEN = """
CREATE TABLE broken AS
SELECT min(row_id) AS broken_id, source_id, office, name, id_number, id_status, village_codes[1] AS village_code,
       left(village_codes[1], 9) AS township_code, strpos(id_number, '*') - 1 AS kept_left, 18 - strpos(reverse(id_number), '*') AS last_star
FROM located JOIN offices USING (contract)
WHERE id_status IN ('excel_damaged', 'masked', 'check_digit') AND length(id_number) = 18 AND length(village_codes) = 1
GROUP BY ALL
"""

# Candidates are found by the digits that a damage leaves whole, never by names: a mistyped digit or two swapped
# neighbours leave the first eleven digits or the last six. Then the name must agree.
CANDIDATES = """
CREATE TABLE candidates AS
WITH masks AS (SELECT DISTINCT kept_left, last_star FROM broken WHERE id_status = 'masked'),
found AS (
    SELECT broken_id, known.name AS known_name, person_id, 'repaired_id' AS repair
    FROM broken JOIN known ON known.village_code = broken.village_code AND left(person_id, 15) = left(id_number, 15)
    WHERE id_status = 'excel_damaged' AND known.source_id <> broken.source_id
    UNION
    SELECT broken_id, shown.name, person_id, 'masked_id'
    FROM broken JOIN (SELECT known.*, masks.*, left(person_id, kept_left) || substr(person_id, last_star + 2) AS visible FROM known, masks) AS shown
      ON shown.village_code = broken.village_code AND shown.kept_left = broken.kept_left AND shown.last_star = broken.last_star
     AND visible = left(id_number, broken.kept_left) || substr(id_number, broken.last_star + 2)
    WHERE id_status = 'masked' AND shown.source_id <> broken.source_id AND person_id LIKE replace(id_number, '*', '_')
    UNION
    SELECT broken_id, known.name, person_id, 'mistyped_id'
    FROM broken JOIN known ON known.township_code = broken.township_code AND left(person_id, 11) = left(id_number, 11)
    WHERE id_status = 'check_digit' AND known.office <> broken.office AND damerau_levenshtein(person_id, id_number) = 1
    UNION
    SELECT broken_id, known.name, person_id, 'mistyped_id'
    FROM broken JOIN known ON known.township_code = broken.township_code AND right(person_id, 6) = right(id_number, 6)
    WHERE id_status = 'check_digit' AND known.office <> broken.office AND damerau_levenshtein(person_id, id_number) = 1
)
SELECT * FROM found
"""

# A repair needs one person and no second, and nobody of another name in its file who is repaired to that person.
REPAIRED = f"""
CREATE TABLE repaired AS
WITH agreeing AS (
    SELECT DISTINCT broken_id, person_id, repair
    FROM candidates JOIN broken USING (broken_id)
    JOIN name_keys AS said ON said.name = broken.name JOIN name_keys AS theirs ON theirs.name = known_name
    WHERE {agreement("said", "theirs")} IN {FIRM}
), unique_there AS (
    SELECT broken_id, min(person_id) AS repaired_id, min(repair) AS repair FROM agreeing GROUP BY broken_id HAVING count(DISTINCT person_id) = 1
), unique_here AS (
    SELECT broken.*, repaired_id, repair FROM unique_there JOIN broken USING (broken_id)
    QUALIFY count(DISTINCT name) OVER (PARTITION BY source_id, repaired_id) = 1
)
SELECT located.row_id, repaired_id, repair
FROM unique_here AS u JOIN located
  ON located.source_id = u.source_id AND located.name = u.name AND located.id_number = u.id_number AND located.village_codes[1] = u.village_code
WHERE length(located.village_codes) = 1
"""

IDENTIFIED = """
CREATE TABLE identified AS
SELECT located.* EXCLUDE (contractor_code) REPLACE (coalesce(person_id, repaired_id) AS person_id), repaired_id IS NOT NULL AS is_repaired, repair
FROM located LEFT JOIN repaired USING (row_id)
"""


def identify(connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table], hints: pa.Table) -> pa.Table:
    """Make `identified` and give it, one row per person-bearing row.

    row_id, contract, source_id, name, id_number, id_status, person_id, village_codes, group_no, is_repaired, and
    repair (repaired_id | masked_id | mistyped_id, null where none was needed or none was certain).
    `accepted`: per contract, rows with row_id and source_id. Needs `places`; makes `name_keys`.
    """
    connection.execute(COMPLETED)
    connection.execute(GROUP_NUMBER)
    connection.register("raw_people", _raw_people(connection, accepted))
    connection.execute(PEOPLE)
    resolve_villages(connection, hints)
    connection.register("offices", _offices())
    create_name_keys(connection, "SELECT name FROM raw_people")
    for statement, done_with in (
        (VILLAGE, ("people",)),
        (KNOWN, ()),
        (BROKEN, ()),
        (CANDIDATES, ("known",)),
        (REPAIRED, ("candidates", "broken")),
        (IDENTIFIED, ("located",)),
    ):
        connection.execute(statement)
        for table in done_with:
            connection.execute(f"DROP TABLE {table}")  # a county's rows are held once, not thrice
    return connection.sql("SELECT * FROM identified ORDER BY row_id").to_arrow_table()


def _offices() -> pa.Table:
    """Say which office each contract comes from: a typing error is confirmed by another office only."""
    return pa.table({"contract": list(PERSON_COLUMNS), "office": [office_of(name) for name in PERSON_COLUMNS]})


def _raw_people(connection: duckdb.DuckDBPyConnection, accepted: dict[str, pa.Table]) -> pa.Table:
    """Bring every person-bearing contract to the same columns."""
    parts = []
    for contract, (name, township, village, group) in PERSON_COLUMNS.items():
        if contract not in accepted:
            continue
        connection.register(f"accepted_{contract}", accepted[contract])
        code = "contractor_code" if contract in REGISTER else "NULL"
        parts.append(f"""
            SELECT row_id, '{contract}' AS contract, source_id, {name or "NULL"}::VARCHAR AS name, id_number, id_status,
                   {township or "NULL"}::VARCHAR AS township_text, {village or "NULL"}::VARCHAR AS village_text,
                   {group or "NULL"}::VARCHAR AS group_text, {code}::VARCHAR AS contractor_code FROM accepted_{contract}""")
    return connection.sql(" UNION ALL ".join(parts)).to_arrow_table()
