"""Records that no whole ID number decides, compared with the rosters of their village."""

from __future__ import annotations

import duckdb

from village_credit.link.names import AGREEMENTS, agreement
from village_credit.link.pairs import choose_pairs
from village_credit.link.weights import Weights

# Keys that a person's records share although something in them is wrong; all within one village.
KEYS = {
    "given": "CASE WHEN length(given_skeleton) >= 2 THEN given_skeleton END",
    "sound": "pinyin",
    "father": "CASE WHEN length(father_skeleton) >= 2 THEN father_skeleton || '/' || left(given_skeleton, 1) END",
    "birth": "CASE WHEN regexp_full_match(substr(id_number, 7, 8), '[0-9]{8}') THEN substr(id_number, 7, 8) END",
    "last": "CASE WHEN length(id_number) = 18 AND right(id_number, 4) NOT LIKE '%*%' THEN right(id_number, 4) END",
}

LEFT = """
CREATE OR REPLACE TEMP TABLE left_side AS
SELECT subject_id AS left_id, source_id AS scope, is_household_list, unnest(village_codes) AS village_code, name, id_number, person_id, group_no, persons, area_mu
FROM residue
"""
RIGHT = """
CREATE OR REPLACE TEMP TABLE right_side AS
SELECT person_no AS right_id, unit_code AS right_group, village_code, name, person_id AS id_number, person_id, group_no, persons, area_mu
FROM roster_names JOIN roster_units USING (unit_code)
"""

# Blocks that are too common are left out whole, and whoever's name is in one is not compared at all: with a part of
# the rivals unseen, a margin would say nothing.
BLOCKS = """
CREATE OR REPLACE TEMP TABLE blocks AS
WITH keyed_left AS ({left}), keyed_right AS ({right}),
sizes AS (
    SELECT kind, village_code, key, l * r > $pairs AS is_too_common
    FROM (SELECT kind, village_code, key, count(*) AS l FROM keyed_left GROUP BY ALL)
    JOIN (SELECT kind, village_code, key, count(*) AS r FROM keyed_right GROUP BY ALL) USING (kind, village_code, key)
)
SELECT DISTINCT left_id, right_id
FROM sizes JOIN keyed_left USING (kind, village_code, key) JOIN keyed_right USING (kind, village_code, key)
WHERE NOT is_too_common AND left_id NOT IN (
    SELECT left_id FROM sizes JOIN keyed_left USING (kind, village_code, key) WHERE is_too_common AND kind IN ('given', 'sound', 'father'))
"""

# How the sides agree, field by field; of a person's spellings the best counts. Stars stand for any digit. Without a
# number a name must be the only one of the village, so another group does not tell two of one name apart.
COMPARED = f"""
CREATE OR REPLACE TEMP TABLE pairs AS
WITH compared AS (
    SELECT left_id, right_id, l.scope, r.right_group, CASE WHEN is_household_list THEN right_group ELSE CAST(right_id AS VARCHAR) END AS claim, greatest(said.part_count, theirs.part_count) > 1 AS is_long,
           list_position({list(AGREEMENTS)}, {agreement("said", "theirs")}) AS name_place,
           CASE WHEN l.id_number IS NULL OR r.id_number IS NULL THEN NULL
                WHEN l.person_id IS NULL AND r.id_number LIKE replace(l.id_number, '*', '_') THEN 'fits'
                WHEN l.person_id IS NULL AND damerau_levenshtein(l.id_number, r.id_number) = 1 THEN 'one_edit'
                WHEN substr(l.id_number, 7, 8) = substr(r.id_number, 7, 8) THEN 'birth'
                WHEN l.person_id IS NULL THEN 'contradicts' ELSE 'differs' END AS id_number,
           CASE WHEN l.group_no = r.group_no THEN 'equal' WHEN l.group_no <> r.group_no AND l.id_number IS NOT NULL THEN 'differs' END AS same_group,
           CASE WHEN l.persons = r.persons THEN 'equal' WHEN abs(l.persons - r.persons) = 1 THEN 'near' WHEN l.persons <> r.persons THEN 'differs' END AS persons,
           CASE WHEN l.area_mu IS NULL OR r.area_mu IS NULL OR l.area_mu = 0 OR r.area_mu = 0 THEN NULL
                WHEN abs(l.area_mu - r.area_mu) <= 0.01 * greatest(l.area_mu, r.area_mu) THEN 'equal'
                WHEN abs(l.area_mu - r.area_mu) <= 0.10 * greatest(l.area_mu, r.area_mu) THEN 'near' ELSE 'differs' END AS area
    FROM blocks JOIN left_side AS l USING (left_id) JOIN right_side AS r USING (right_id)
    JOIN name_keys AS said ON said.name = l.name JOIN name_keys AS theirs ON theirs.name = r.name
    WHERE l.village_code = r.village_code
), best_spelling AS (
    SELECT left_id, right_id, scope, right_group, claim, bool_or(is_long) AS is_long, min(name_place) AS name_place, min(id_number) AS id_number,
           min(same_group) AS same_group, min(persons) AS persons, min(area) AS area
    FROM compared GROUP BY ALL
)
SELECT left_id, right_id, scope, right_group, claim, {list(AGREEMENTS)}[name_place] AS agreement, CASE WHEN is_long THEN {list(AGREEMENTS)}[name_place] END AS name_long,
       CASE WHEN NOT is_long THEN {list(AGREEMENTS)}[name_place] END AS name_short, id_number, same_group, persons, area
FROM best_spelling
"""


def score_residue(connection: duckdb.DuckDBPyConnection, weights: Weights) -> None:
    """Make `best_pairs` of `residue` against the rosters.

    `residue`: subject_id, source_id, is_household_list (one record a household), village_codes, name, id_number, person_id, group_no, persons, area_mu.
    Needs `roster_names` (person_no, unit_code, name, person_id), `roster_units` (unit_code, village_code, group_no,
    persons, area_mu), `name_keys`. `right_id` is a person_no, `right_group` a unit_code.
    """
    connection.execute(LEFT)
    connection.execute(RIGHT)
    connection.execute(BLOCKS.format(left=_keyed("left"), right=_keyed("right")), {"pairs": weights.block_pairs})
    connection.execute(COMPARED)
    choose_pairs(connection, weights)
    connection.execute("DROP TABLE left_side; DROP TABLE right_side; DROP TABLE blocks; DROP TABLE pairs")


def _keyed(side: str) -> str:
    """Return every key of one side, a row each."""
    columns = f"{side}_id, village_code"
    return " UNION ALL ".join(
        f"SELECT DISTINCT '{kind}' AS kind, {columns}, {key} AS key FROM {side}_side JOIN name_keys USING (name) WHERE {key} IS NOT NULL"
        for kind, key in KEYS.items()
    )
