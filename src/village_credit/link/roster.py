"""The land register becomes the roster: one household per contractor code, its members, their ID numbers."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

PLACEHOLDER = "99999999999999%"  # unassigned land in NY/T 2539 deliveries
HOUSEHOLD_TYPE = "1"

HOUSEHOLDS = """
CREATE TABLE register AS
SELECT contractor_code AS unit_code, left(contractor_code, 6) AS county_code, left(contractor_code, 9) AS township_code,
       left(contractor_code, 12) AS village_code, contractor_name, contractors.person_id AS contractor_id, phone, address,
       contractors.row_id
FROM contractors
WHERE contractor_type = $household AND contractor_code NOT LIKE $placeholder
"""

# The head is the member with the contractor's ID number, else of the contractor's name marked 01 or 02, else added.
MEMBERS = """
CREATE TABLE roster AS
WITH listed AS (
    SELECT contractor_code AS unit_code, members.row_id, member_name AS name, members.person_id, sex, relation_code, member_note,
           document_type = '1' OR document_type IS NULL AS has_resident_document,
           (members.person_id = contractor_id) IS TRUE AS same_id,
           (member_name = contractor_name AND lpad(relation_code, 2, '0') IN ('01', '02')) AS same_name
    FROM members JOIN register ON contractor_code = unit_code
), heads AS (
    SELECT unit_code, arg_min(row_id, (CASE WHEN same_id THEN 0 ELSE 1 END, row_id)) AS head_row
    FROM listed WHERE same_id OR same_name GROUP BY unit_code
), everyone AS (
    SELECT listed.unit_code, listed.row_id, name, person_id, sex, relation_code, member_note,
           listed.row_id = head_row IS TRUE AS is_head
    FROM listed LEFT JOIN heads USING (unit_code)
    UNION ALL
    SELECT unit_code, row_id, contractor_name, contractor_id, NULL, '02', NULL, true
    FROM register ANTI JOIN heads USING (unit_code)
)
SELECT unit_code, row_number() OVER (PARTITION BY unit_code ORDER BY row_id) AS member_no, row_id, name, person_id,
       CASE WHEN is_head THEN 'head' WHEN lpad(relation_code, 2, '0') IN ('10', '11', '12') THEN 'spouse' ELSE 'other' END AS relation,
       CAST(coalesce(sex, CASE WHEN CAST(substr(person_id, 17, 1) AS INTEGER) % 2 = 1 THEN '1' ELSE '2' END) AS BIGINT) AS sex,
       CASE WHEN person_id IS NOT NULL THEN try_strptime(substr(person_id, 7, 8), '%Y%m%d')::DATE END AS birth_date,
       coalesce(member_note, '') <> '7' AS is_living, coalesce(member_note, '') <> '1' AS is_resident
FROM everyone
"""


def create_roster(connection: duckdb.DuckDBPyConnection, contractors: pa.Table, members: pa.Table) -> None:
    """Make `register` (one row per household) and `roster` (one per member), from settled rows; needs `identified`."""
    connection.register("contractors", contractors)
    connection.register("members", members)
    connection.execute(HOUSEHOLDS, {"household": HOUSEHOLD_TYPE, "placeholder": PLACEHOLDER})
    connection.execute(MEMBERS)


def birthday_limit(as_of: date, age: int) -> date:
    """The latest birth date of who is `age` years old on a day."""
    try:
        return as_of.replace(year=as_of.year - age)
    except ValueError:  # 29 February
        return as_of.replace(year=as_of.year - age, day=28)
