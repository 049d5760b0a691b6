-- A repair needs one person and no second, and nobody of another name in its file who is repaired to that person.
CREATE TABLE repaired AS
WITH agreeing AS (
    SELECT DISTINCT broken_id, person_id, repair
    FROM candidates JOIN broken USING (broken_id)
    JOIN name_keys AS said ON said.name = broken.name JOIN name_keys AS theirs ON theirs.name = known_name
    WHERE {agreement_said_theirs} IN {firm}
), unique_there AS (
    SELECT broken_id, min(person_id) AS repaired_id, min(repair) AS repair
    FROM agreeing GROUP BY broken_id HAVING count(DISTINCT person_id) = 1
), unique_here AS (
    SELECT broken.*, repaired_id, repair FROM unique_there JOIN broken USING (broken_id)
    QUALIFY count(DISTINCT name) OVER (PARTITION BY source_id, repaired_id) = 1
)
SELECT located.row_id, repaired_id, repair
FROM unique_here AS u JOIN located
  ON located.source_id = u.source_id AND located.name = u.name AND located.id_number = u.id_number
      AND located.village_codes[1] = u.village_code
WHERE length(located.village_codes) = 1
