"""Every list's record finds its household in the roster, by certainty; each link keeps how it was found.

Stage 1: the contractor code, or the same whole ID number with an agreeing name (`id_and_name`; `id_and_member`: the
name is another member's of that household; `id_only`: the table has no names). Stage 2: the same after a recorded
repair, named by its pass (`repaired_id`, `masked_id`, `mistyped_id`). Stage 3, provisional: the residue
scored within the village (`scored`; `name_and_village` where no number but an equal name told). Refused, or waiting
where a debt or listing must not get lost: `id_without_name`, `id_name_next_door`, `id_of_two_households`.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from village_credit.duckdb_session import query_cursor
from village_credit.link import RULES_VERSION
from village_credit.link.names import AGREEMENTS, FIRM, agreement
from village_credit.link.residue import score_residue
from village_credit.link.verdicts import RECORD_TEXT
from village_credit.link.weights import Weights

# One record a household and year; of other lists, one a person.
HOUSEHOLD_LISTS = ("household_economy", "land_subsidy", "crop_declaration")
# What must not get lost where the right number is in doubt: a debt, a listing or an objection under another name, or
# under a number of two households, waits with every household that it may be of until a person settles it.
CONFIRMED_BY_PERSON = ("bank_exposure", "bank_conduct", "negative_list", "related_party", "objection")
PLACES = list(AGREEMENTS)
# Levels at which a name tells one person of a village from the next. Without the father's name it does not.
TELLING = tuple(level for level in FIRM if level != "father")

# Rows that say the same about whom they mean are one record, and share their link.
SUBJECTS = f"""
CREATE TABLE subject_rows AS
SELECT i.row_id, min(i.row_id) OVER w AS subject_id, standing.row_id IS NOT NULL AS is_standing
FROM identified AS i LEFT JOIN standing USING (row_id)
WHERE i.contract NOT IN ('land_contractor', 'land_member') AND (standing.row_id IS NOT NULL OR i.row_id IN (SELECT row_id FROM unrepaired))
WINDOW w AS (PARTITION BY source_id, name, id_number, village_codes, group_no);
CREATE TABLE subjects AS
SELECT i.row_id AS subject_id, i.* EXCLUDE (row_id), {RECORD_TEXT} AS record_text, contract IN {HOUSEHOLD_LISTS} AS is_household_list, persons, area_mu, is_standing
FROM identified AS i JOIN subject_rows ON subject_rows.subject_id = i.row_id AND subject_rows.row_id = i.row_id
LEFT JOIN subject_details ON subject_details.row_id = i.row_id
"""

ROSTER_NAMES = """
CREATE TABLE roster_units AS
SELECT unit_code, village_code, nullif(CAST(substr(unit_code, 13, 2) AS INTEGER), 0) AS group_no,
       count(*) FILTER (is_living) AS persons, max(parcel_mu) AS area_mu
FROM register JOIN roster USING (unit_code)
LEFT JOIN (SELECT contractor_code AS unit_code, sum(coalesce(contract_mu, measured_mu)) AS parcel_mu FROM parcels GROUP BY ALL) USING (unit_code)
GROUP BY ALL;
CREATE TABLE roster_persons AS
SELECT row_number() OVER (ORDER BY unit_code, member_no) AS person_no, unit_code, row_id, relation, name, person_id, is_living AND is_resident AS is_present
FROM roster;
CREATE TABLE roster_names AS
SELECT person_no, unit_code, name, person_id FROM roster_persons
UNION
SELECT person_no, unit_code, contractor_name, person_id FROM roster_persons JOIN register USING (unit_code) WHERE relation = 'head'
"""

# How a name agrees with each household where its ID number is registered: with the owner's names, else a member's.
TOLD = f"""
CREATE TABLE told AS
WITH said AS (SELECT DISTINCT person_id, name FROM subjects WHERE person_id IS NOT NULL),
own AS (
    SELECT said.person_id, said.name, p.unit_code, min(p.person_no) AS person_no, bool_or(is_present) AS is_present,
           min(list_position({PLACES}, {agreement("a", "b")})) AS place
    FROM said JOIN roster_persons AS p USING (person_id) JOIN roster_names AS r USING (person_no)
    LEFT JOIN name_keys AS a ON a.name = said.name LEFT JOIN name_keys AS b ON b.name = r.name
    GROUP BY ALL
), others AS (
    SELECT own.person_id, own.name, own.unit_code, min(list_position({PLACES}, {agreement("a", "b")})) AS place
    FROM own JOIN roster_names AS r ON r.unit_code = own.unit_code AND r.person_no <> own.person_no
    JOIN name_keys AS a ON a.name = own.name JOIN name_keys AS b ON b.name = r.name
    WHERE own.place = {len(PLACES)}
    GROUP BY ALL
)
SELECT own.person_id, own.name, own.unit_code, person_no, is_present, coalesce(others.place, own.place) AS place,
       CASE WHEN own.name IS NULL THEN 'no_name' WHEN {PLACES}[others.place] IN {TELLING} THEN 'member' ELSE {PLACES}[own.place] END AS agreement
FROM own LEFT JOIN others ON others.person_id = own.person_id AND others.name = own.name AND others.unit_code = own.unit_code
"""

# Of several households the only agreeing one counts, else the only one where the person still is; else none.
CLAIMS = """
CREATE TABLE claims AS
WITH ranked AS (
    SELECT *, agreement NOT IN ('different', 'member') AS agrees, count(*) OVER w AS households,
           count(*) FILTER (agreement NOT IN ('different', 'member')) OVER w AS agreeing,
           count(*) FILTER (is_present AND agreement NOT IN ('different', 'member')) OVER w AS agreeing_present
    FROM told WINDOW w AS (PARTITION BY person_id, name)
)
SELECT person_id, name, CASE WHEN is_told THEN unit_code END AS unit_code, person_no, agreement, place
FROM (SELECT *, households = 1 OR (agrees AND (agreeing = 1 OR (is_present AND agreeing_present = 1))) AS is_told FROM ranked)
QUALIFY row_number() OVER (PARTITION BY person_id, name ORDER BY is_told DESC, unit_code) = 1
"""

# Neighbours whose numbers were swapped may bear names that agree a little: father and son named after the grandfather,
# brothers, a namesake in the neighbour's house. A weak agreement is refused where another household of the village has
# somebody whose name agrees better (a member's: as well). A record without a village is of its number's. A lacking
# father's name is no such weakness: half a village shares a given name, and only long names can lack one.
NEXT_DOOR = f"""
CREATE TABLE next_door AS
WITH weak AS (
    SELECT subject_id, c.unit_code, c.person_id, name, agreement, place, unnest(CASE WHEN length(village_codes) > 0 THEN village_codes ELSE [village_code] END) AS village_code
    FROM subjects JOIN claims AS c USING (person_id, name) JOIN roster_units USING (unit_code)
    WHERE agreement IN ('member', 'reordered', 'similar')
), asked AS (
    SELECT weak.*, unnest([given_skeleton, pinyin]) AS key FROM weak JOIN name_keys USING (name)
), neighbours AS (
    SELECT unit_code, village_code, person_id, name, unnest([given_skeleton, pinyin]) AS key
    FROM roster_names JOIN roster_units USING (unit_code) JOIN name_keys USING (name)
)
SELECT DISTINCT subject_id
FROM asked JOIN neighbours AS n ON n.village_code = asked.village_code AND n.key = asked.key AND n.unit_code <> asked.unit_code AND n.person_id IS DISTINCT FROM asked.person_id
JOIN name_keys AS a ON a.name = asked.name JOIN name_keys AS b ON b.name = n.name
WHERE {agreement("a", "b")} IN {TELLING}
  AND list_position({PLACES}, {agreement("a", "b")}) < CASE WHEN agreement = 'member' THEN place + 1 ELSE place END
"""

BY_ID = f"""
CREATE TABLE id_links AS
WITH judged AS (
    SELECT subjects.*, claims.unit_code, person_no, agreement,
           CASE WHEN claims.unit_code IS NULL THEN 'id_of_two_households' WHEN agreement = 'different' THEN 'id_without_name'
                WHEN subject_id IN (SELECT subject_id FROM next_door) THEN 'id_name_next_door' END AS conflict
    FROM subjects JOIN claims ON claims.person_id = subjects.person_id AND claims.name IS NOT DISTINCT FROM subjects.name
)
SELECT subject_id, contract, source_id, unit_code, person_no, agreement,
       CASE WHEN conflict IS NOT NULL THEN 3 WHEN is_repaired THEN 2 ELSE 1 END AS stage,
       CASE WHEN conflict IS NOT NULL THEN conflict WHEN is_repaired THEN repair
            WHEN agreement = 'no_name' THEN 'id_only' WHEN agreement = 'member' THEN 'id_and_member' ELSE 'id_and_name' END AS pass,
       CASE WHEN conflict IS NULL THEN 'automatic' WHEN unit_code IS NOT NULL AND contract IN {CONFIRMED_BY_PERSON} THEN 'provisional' ELSE 'refused' END AS status
FROM judged
"""

# A number of two households links its record to neither, and is asked of each of them.
CONTESTED = f"""
CREATE TABLE contested AS
SELECT subject_id, told.unit_code, told.person_no, told.agreement, CASE WHEN contract IN {CONFIRMED_BY_PERSON} THEN 'provisional' ELSE 'refused' END AS status
FROM id_links JOIN subjects USING (subject_id, contract, source_id) JOIN told ON told.person_id = subjects.person_id AND told.name IS NOT DISTINCT FROM subjects.name
WHERE id_links.unit_code IS NULL
"""

REVOKED = "UPDATE id_links SET status = 'provisional' WHERE status = 'automatic' AND pass IN (SELECT pass FROM revoked)"

RESIDUE = """
CREATE TABLE residue AS
SELECT * FROM subjects ANTI JOIN id_links USING (subject_id)
WHERE name IS NOT NULL AND length(village_codes) > 0
"""

# What a record of the same list already has by its ID number is not given to another by likeness.
SCORED_LINKS = """
CREATE TABLE scored_links AS
WITH taken AS (
    SELECT DISTINCT source_id AS scope, CASE WHEN is_household_list THEN id_links.unit_code ELSE CAST(person_no AS VARCHAR) END AS claim
    FROM id_links JOIN subjects USING (subject_id, source_id) WHERE status = 'automatic'
)
SELECT left_id AS subject_id, right_group AS unit_code, right_id AS person_no, agreement, round(score, 3) AS score, round(margin, 3) AS margin,
       CASE WHEN id_status = 'empty' AND agreement = 'equal' THEN 'name_and_village' ELSE 'scored' END AS pass,
       taken.claim IS NOT NULL AS is_taken, is_accepted AND taken.claim IS NULL AS is_accepted
FROM best_pairs JOIN subjects ON subject_id = left_id LEFT JOIN taken USING (scope, claim)
"""

FOUND = """
CREATE TABLE found AS
SELECT subject_id, unit_code, person_no, stage, pass, agreement, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, status FROM id_links
UNION ALL
SELECT subject_id, unit_code, person_no, 3, pass, agreement, score, margin, 'provisional' FROM scored_links WHERE is_accepted
"""

# What a person must look at: links that wait, conflicts, and likenesses that a rule stopped. A stopped likeness of a
# damaged row is shown too: a person's word links what the rules leave quarantined.
DOUBTFUL = """
    SELECT subject_id, unit_code, agreement, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, pass, status, 1 AS weight
    FROM id_links WHERE status <> 'automatic' AND unit_code IS NOT NULL
    UNION ALL
    SELECT subject_id, unit_code, agreement, NULL, NULL, 'id_of_two_households', status, 1 FROM contested
    UNION ALL
    SELECT subject_id, unit_code, agreement, score, margin, CASE WHEN is_accepted THEN pass WHEN is_taken THEN 'taken' ELSE 'tie' END,
           CASE WHEN is_accepted THEN 'provisional' ELSE 'unlinked' END, 1
    FROM scored_links"""

# So many automatic links of each pass, by the hash of what they say: the same run gives the same sample. `weight` is
# how many links of the pass each stands for.
DRAWN = """
    SELECT subject_id, unit_code, agreement, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, pass, status,
           count(*) OVER (PARTITION BY pass) / least($sample_size, count(*) OVER (PARTITION BY pass)) AS weight
    FROM id_links JOIN subjects USING (subject_id) WHERE status = 'automatic' AND is_standing
    QUALIFY row_number() OVER (PARTITION BY pass ORDER BY md5(record_text), subject_id) <= $sample_size"""

BOTH_SIDES = """
CREATE TABLE {table} AS
SELECT subject_id, contract, source_id, record_text, name, id_number, village_codes, subjects.group_no, is_standing,
       chosen.unit_code, roster_units.village_code, roster_units.group_no AS unit_group_no, agreement, score, margin, pass, status, weight,
       (SELECT list(roster_persons.name || coalesce(' ' || person_id, '') ORDER BY person_no) FROM roster_persons
        WHERE roster_persons.unit_code = chosen.unit_code) AS members
FROM ({chosen}) AS chosen JOIN subjects USING (subject_id) LEFT JOIN roster_units ON roster_units.unit_code = chosen.unit_code
"""

# A person's word stands above every rule: it links, or it withdraws a link. Said of two households, it links to neither.
SPOKEN = """
CREATE TABLE spoken AS
WITH wanted AS (
    SELECT subject_id, record_text FROM subjects WHERE (SELECT count(*) FROM verdicts) > 0
), keyed AS (
    SELECT subject_id, record_key(record_text) AS record_key FROM wanted
), units AS (
    SELECT unit_code, household_key(unit_code) AS household_key FROM roster_units WHERE (SELECT count(*) FROM verdicts) > 0
)
SELECT subject_id, unit_code, verdict FROM keyed JOIN verdicts USING (record_key) JOIN units USING (household_key)
QUALIFY verdict <> 'same' OR count(*) FILTER (verdict = 'same') OVER (PARTITION BY subject_id) = 1
"""

SETTLED_BY_PEOPLE = """
CREATE TABLE final AS
WITH kept AS (
    SELECT found.* REPLACE (CASE WHEN spoken.verdict = 'same' THEN 'confirmed' WHEN spoken.verdict = 'other' THEN 'refused' ELSE status END AS status)
    FROM found LEFT JOIN spoken ON spoken.subject_id = found.subject_id AND spoken.unit_code = found.unit_code
    WHERE found.subject_id NOT IN (SELECT subject_id FROM spoken WHERE verdict = 'same' AND unit_code IS DISTINCT FROM found.unit_code)
)
SELECT * FROM kept
UNION ALL
SELECT spoken.subject_id, spoken.unit_code, NULL, 3, 'reviewed', doubts.agreement, doubts.score, doubts.margin, 'confirmed'
FROM spoken LEFT JOIN doubts ON doubts.subject_id = spoken.subject_id AND doubts.unit_code = spoken.unit_code
WHERE verdict = 'same' AND NOT EXISTS (SELECT 1 FROM kept WHERE kept.subject_id = spoken.subject_id)
"""

LINKS = f"""
CREATE TABLE links AS
WITH by_code AS (
    SELECT c.row_id, contract, source_id, register.unit_code, register.row_id AS roster_row_id FROM code_rows AS c LEFT JOIN register ON c.contractor_code = register.unit_code
)
SELECT row_id, contract, source_id, unit_code, CASE WHEN unit_code IS NOT NULL THEN 1 END AS stage,
       CASE WHEN unit_code IS NOT NULL THEN 'contractor_code' END AS pass, CASE WHEN unit_code IS NOT NULL THEN 'code' END AS agreement,
       CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin,
       CASE WHEN unit_code IS NOT NULL THEN 'automatic' ELSE 'unlinked' END AS status, '{RULES_VERSION}' AS rules_version, roster_row_id
FROM by_code
UNION ALL
SELECT r.row_id, contract, source_id, CASE WHEN status <> 'refused' THEN final.unit_code END, stage, pass, agreement, score, margin,
       coalesce(status, 'unlinked'), '{RULES_VERSION}', coalesce(roster_persons.row_id, register.row_id)
FROM subject_rows AS r JOIN subjects USING (subject_id) LEFT JOIN final USING (subject_id)
LEFT JOIN roster_persons ON roster_persons.person_no = final.person_no LEFT JOIN register ON register.unit_code = final.unit_code
WHERE r.is_standing
"""

# Of which households a row tells something: its own, or each that a person has not ruled out where its number is of two.
TELLS_OF = f"""
CREATE VIEW tells_of AS
SELECT row_id, contract, unit_code, status AS link_status, false AS is_contested FROM links WHERE unit_code IS NOT NULL
UNION ALL
SELECT row_id, links.contract, contested.unit_code, 'provisional', true
FROM links JOIN subject_rows USING (row_id) JOIN contested USING (subject_id) ANTI JOIN spoken ON spoken.subject_id = contested.subject_id AND spoken.unit_code = contested.unit_code
WHERE links.pass = 'id_of_two_households' AND links.contract IN {CONFIRMED_BY_PERSON}
"""


def create_links(connection: duckdb.DuckDBPyConnection, weights: Weights, sample_size: int = 0) -> None:
    """Make `links`, one row per standing row of a linkable contract.

    Makes also `found` (one per linked record), `doubts` (one per record and household that a person must look at),
    `sampled` (so many automatic links of each pass) and `tells_of` (row_id, contract, unit_code, link_status,
    is_contested: what facts are made of).
    Needs `register`, `roster`, `parcels`, `identified`, `name_keys`, and: `code_rows` (row_id, contract, source_id,
    contractor_code), `standing` (row_id of rows that were settled as standing), `unrepaired` (row_id of rows whose
    ID number stays damaged: compared for review only), `verdicts` with its two functions, `subject_details` (row_id, persons, area_mu).
    """
    for statement in (SUBJECTS, ROSTER_NAMES, TOLD, CLAIMS, NEXT_DOOR, BY_ID, CONTESTED, REVOKED, RESIDUE):
        connection.execute(statement)
    score_residue(connection, weights)
    for statement in (SCORED_LINKS, FOUND, BOTH_SIDES.format(table="doubts", chosen=DOUBTFUL)):
        connection.execute(statement)
    connection.execute(BOTH_SIDES.format(table="sampled", chosen=DRAWN), {"sample_size": sample_size})
    for statement in (SPOKEN, SETTLED_BY_PEOPLE, LINKS, TELLS_OF):
        connection.execute(statement)


def subject_details(settled: dict[str, pa.Table]) -> pa.Table:
    """Return what lists say beside name and number: row_id, persons (the book), area_mu (the subsidy's contracted land)."""
    connection = query_cursor()
    connection.register("books", settled["household_economy"])
    connection.register("subsidies", settled["land_subsidy"])
    return connection.sql("""
        SELECT row_id, CAST(persons AS BIGINT) AS persons, CAST(NULL AS DECIMAL(14, 4)) AS area_mu FROM books
        UNION ALL SELECT row_id, NULL, CAST(contracted_mu AS DECIMAL(14, 4)) FROM subsidies""").to_arrow_table()
