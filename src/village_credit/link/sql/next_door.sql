-- Neighbours whose numbers were swapped may bear names that agree a little: father and son named after the
-- grandfather, brothers, a namesake in the neighbour's house. A weak agreement is refused where another household of
-- the village has somebody whose name agrees better (a member's: as well). A record without a village is of its
-- number's. A lacking father's name is no such weakness: half a village shares a given name, and only long names can
-- lack one.
CREATE TABLE next_door AS
WITH weak AS (
    SELECT subject_id, c.unit_code, c.person_id, name, agreement, place,
        unnest(CASE WHEN length(village_codes) > 0 THEN village_codes ELSE [village_code] END) AS village_code
    FROM subjects JOIN claims AS c USING (person_id, name) JOIN roster_units USING (unit_code)
    WHERE agreement IN ('member', 'reordered', 'similar')
), asked AS (
    SELECT weak.*, unnest([given_skeleton, pinyin]) AS key FROM weak JOIN name_keys USING (name)
), neighbours AS (
    SELECT unit_code, village_code, person_id, name, unnest([given_skeleton, pinyin]) AS key
    FROM roster_names JOIN roster_units USING (unit_code) JOIN name_keys USING (name)
)
SELECT DISTINCT subject_id
FROM asked
JOIN neighbours AS n ON n.village_code = asked.village_code AND n.key = asked.key AND n.unit_code <> asked.unit_code
    AND n.person_id IS DISTINCT FROM asked.person_id
JOIN name_keys AS a ON a.name = asked.name JOIN name_keys AS b ON b.name = n.name
WHERE {agreement_a_b} IN {telling}
  AND list_position({places}, {agreement_a_b}) < CASE WHEN agreement = 'member' THEN place + 1 ELSE place END
