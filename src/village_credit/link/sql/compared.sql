-- How the sides agree, field by field; of a person's spellings the best counts. Stars stand for any digit. Without a
-- number a name must be the only one of the village, so another group does not tell two of one name apart.
CREATE OR REPLACE TEMP TABLE pairs AS
WITH compared AS (
    SELECT left_id, right_id, l.scope, r.right_group, CASE WHEN is_household_list THEN right_group
        ELSE CAST(right_id AS VARCHAR) END AS claim, greatest(said.part_count, theirs.part_count) > 1 AS is_long,
           list_position({list_agreements}, {agreement_said_theirs}) AS name_place,
           CASE WHEN l.id_number IS NULL OR r.id_number IS NULL THEN NULL
                WHEN l.person_id IS NULL AND r.id_number LIKE replace(l.id_number, '*', '_') THEN 'fits'
                WHEN l.person_id IS NULL AND damerau_levenshtein(l.id_number, r.id_number) = 1 THEN 'one_edit'
                WHEN substr(l.id_number, 7, 8) = substr(r.id_number, 7, 8) THEN 'birth'
                WHEN l.person_id IS NULL THEN 'contradicts' ELSE 'differs' END AS id_number,
           CASE WHEN l.group_no = r.group_no THEN 'equal' WHEN l.group_no <> r.group_no
               AND l.id_number IS NOT NULL THEN 'differs' END AS same_group,
           CASE WHEN l.persons = r.persons THEN 'equal' WHEN abs(l.persons - r.persons) = 1 THEN 'near'
               WHEN l.persons <> r.persons THEN 'differs' END AS persons,
           CASE WHEN l.area_mu IS NULL OR r.area_mu IS NULL OR l.area_mu = 0 OR r.area_mu = 0 THEN NULL
                WHEN abs(l.area_mu - r.area_mu) <= 0.01 * greatest(l.area_mu, r.area_mu) THEN 'equal'
                WHEN abs(l.area_mu - r.area_mu) <= 0.10 * greatest(l.area_mu, r.area_mu) THEN 'near'
                    ELSE 'differs' END AS area
    FROM blocks JOIN left_side AS l USING (left_id) JOIN right_side AS r USING (right_id)
    JOIN name_keys AS said ON said.name = l.name JOIN name_keys AS theirs ON theirs.name = r.name
    WHERE l.village_code = r.village_code
), best_spelling AS (
    SELECT left_id, right_id, scope, right_group, claim, bool_or(is_long) AS is_long,
        min(name_place) AS name_place, min(id_number) AS id_number,
           min(same_group) AS same_group, min(persons) AS persons, min(area) AS area
    FROM compared GROUP BY ALL
)
SELECT left_id, right_id, scope, right_group, claim, {list_agreements}[name_place] AS agreement, CASE
    WHEN is_long THEN {list_agreements}[name_place] END AS name_long,
       CASE WHEN NOT is_long THEN {list_agreements}[name_place] END AS name_short, id_number, same_group, persons, area
FROM best_spelling
