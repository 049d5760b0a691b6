"""The land register becomes the roster: one household per contractor code, its members, their ID numbers."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa

from village_credit.link.names import agreement

PLACEHOLDER = "99999999999999%"  # unassigned land in NY/T 2539 deliveries
HOUSEHOLD_TYPE = "1"
LEFT_HOUSEHOLD = "分户|迁出|移出|户口迁"  # what CYBZSM says of a member marked 其他 who lives in the household no more

HOUSEHOLDS = """
CREATE TABLE register AS
SELECT contractor_code AS unit_code, left(current_area(contractor_code), 6) AS county_code,
       left(current_area(contractor_code), 9) AS township_code, left(current_area(contractor_code), 12) AS village_code, contractor_name, contractors.person_id AS contractor_id, phone, address,
       contractors.row_id
FROM contractors
WHERE contractor_type = $household AND contractor_code NOT LIKE $placeholder
"""

# The head is the member with the contractor's ID number, else of the contractor's name marked 01 or 02, else added.
MEMBERS = """
CREATE TABLE roster AS
WITH listed AS (
    SELECT contractor_code AS unit_code, members.row_id, member_name AS name, members.person_id, sex, relation_code, member_note, note_text,
           document_type = '1' OR document_type IS NULL AS has_resident_document,
           (members.person_id = contractor_id) IS TRUE AS same_id,
           (member_name = contractor_name AND lpad(relation_code, 2, '0') IN ('01', '02')) AS same_name
    FROM members JOIN register ON contractor_code = unit_code
), heads AS (
    SELECT unit_code, arg_min(row_id, (CASE WHEN same_id THEN 0 ELSE 1 END, row_id)) AS head_row
    FROM listed WHERE same_id OR same_name GROUP BY unit_code
), everyone AS (
    SELECT listed.unit_code, listed.row_id, name, person_id, sex, relation_code, member_note, note_text,
           listed.row_id = head_row IS TRUE AS is_head
    FROM listed LEFT JOIN heads USING (unit_code)
    UNION ALL
    SELECT unit_code, row_id, contractor_name, contractor_id, NULL, '02', NULL, NULL, true
    FROM register ANTI JOIN heads USING (unit_code)
)
SELECT unit_code, row_number() OVER (PARTITION BY unit_code ORDER BY row_id) AS member_no, row_id, name, person_id,
       CASE WHEN is_head THEN 'head' WHEN lpad(relation_code, 2, '0') IN ('10', '11', '12') THEN 'spouse' ELSE 'other' END AS relation,
       CAST(coalesce(sex, CASE WHEN CAST(substr(person_id, 17, 1) AS INTEGER) % 2 = 1 THEN '1' ELSE '2' END) AS BIGINT) AS sex,
       CASE WHEN person_id IS NOT NULL THEN try_strptime(substr(person_id, 7, 8), '%Y%m%d')::DATE END AS birth_date,
       coalesce(member_note, '') <> '7' AS is_living,
       coalesce(member_note, '') <> '1' AND NOT (coalesce(member_note, '') = '9' AND regexp_matches(coalesce(note_text, ''), $left)) AS is_resident
FROM everyone
"""


# A number that two members have. With agreeing names, in two households where its bearer is said to live: one person
# whom two registers claim, who counts in neither until it is settled. With other names, in one household or two and even
# if its owner died: a wrong number, which is its bearer's only where other lists say so. Neither is anybody's guess.
SHARED_NUMBERS = f"""
CREATE TABLE shared_numbers AS
WITH bearers AS (SELECT *, is_living AND is_resident AS is_present FROM roster WHERE person_id IS NOT NULL),
pairs AS (
    SELECT one.unit_code, one.member_no, one.row_id, one.person_id, one.name, {agreement("a", "b")} <> 'different' AS is_same_name,
           one.is_present AND other.is_present AS are_present, other.unit_code <> one.unit_code AS is_elsewhere
    FROM bearers AS one JOIN bearers AS other ON other.person_id = one.person_id AND (other.unit_code, other.member_no) <> (one.unit_code, one.member_no)
    JOIN name_keys AS a ON a.name = one.name JOIN name_keys AS b ON b.name = other.name
    WHERE one.is_present OR other.is_present
), claims AS (
    SELECT unit_code, member_no, any_value(row_id) AS row_id, any_value(person_id) AS person_id, any_value(name) AS name, bool_or(is_same_name) AS is_same_person
    FROM pairs WHERE NOT is_same_name OR (are_present AND is_elsewhere)
    GROUP BY unit_code, member_no
), told AS (
    SELECT unit_code, member_no, bool_or({agreement("a", "b")} <> 'different') AS is_told
    FROM claims JOIN (SELECT DISTINCT person_id, name AS said FROM identified WHERE contract NOT IN ('land_contractor', 'land_member') AND name IS NOT NULL) USING (person_id)
    JOIN name_keys AS a ON a.name = claims.name JOIN name_keys AS b ON b.name = said
    GROUP BY ALL
)
SELECT claims.*, NOT is_same_person AND coalesce(is_told, false)
       AND count(*) FILTER (is_told) OVER (PARTITION BY person_id) = 1 AS is_owner
FROM claims LEFT JOIN told USING (unit_code, member_no)
"""
SETTLED_ROSTER = """
CREATE OR REPLACE TABLE roster AS
SELECT roster.* REPLACE (is_resident AND NOT coalesce(is_same_person, false) AS is_resident), coalesce(is_owner, true) AS owns_number
FROM roster LEFT JOIN (SELECT unit_code, member_no, is_same_person, is_owner FROM shared_numbers) USING (unit_code, member_no)
"""

# One parcel under two contractors counts for neither; listed twice under one, it counts once, by its smaller area.
SHARED_PARCELS = """
CREATE TABLE shared_parcels AS
SELECT parcel_code, count(DISTINCT contractor_code) > 1 AS is_of_two, arg_min(row_id, (coalesce(contract_mu, measured_mu), row_id)) AS counted_row
FROM parcels GROUP BY parcel_code HAVING count(*) > 1
"""
FINDINGS = """
SELECT row_id, CASE WHEN is_same_person THEN 'MEMBER_IN_TWO_HOUSEHOLDS' ELSE 'NUMBER_OF_TWO_PEOPLE' END AS reason_code FROM shared_numbers
UNION ALL
SELECT parcels.row_id, CASE WHEN is_of_two THEN 'PARCEL_IN_TWO_HOUSEHOLDS' ELSE 'PARCEL_TWICE' END
FROM parcels JOIN shared_parcels USING (parcel_code) ORDER BY row_id
"""


def create_roster(connection: duckdb.DuckDBPyConnection, contractors: pa.Table, members: pa.Table) -> None:
    """Make `register` (one row per household), `roster` (one per member) and what two households claim.

    Needs `identified`, `parcels`, `name_keys`. `shared_numbers`, `shared_parcels`: see there.
    """
    connection.register("contractors", contractors)
    connection.register("members", members)
    connection.execute(HOUSEHOLDS, {"household": HOUSEHOLD_TYPE, "placeholder": PLACEHOLDER})
    connection.execute(MEMBERS, {"left": LEFT_HOUSEHOLD})
    for statement in (SHARED_NUMBERS, SETTLED_ROSTER, SHARED_PARCELS):
        connection.execute(statement)


def roster_findings(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Say which register rows two households claim: row_id, reason_code."""
    return connection.sql(FINDINGS).to_arrow_table()


def birthday_limit(as_of: date, age: int) -> date:
    """The latest birth date of who is `age` years old on a day."""
    try:
        return as_of.replace(year=as_of.year - age)
    except ValueError:  # 29 February
        return as_of.replace(year=as_of.year - age, day=28)
