-- How a name agrees with each household where its ID number is registered: with the owner's names, else a member's.
CREATE TABLE told AS
WITH said AS (SELECT DISTINCT person_id, name FROM subjects WHERE person_id IS NOT NULL),
own AS (
    SELECT said.person_id, said.name, p.unit_code, min(p.person_no) AS person_no, bool_or(is_present) AS is_present,
           min(list_position({places}, {agreement_a_b})) AS place
    FROM said JOIN roster_persons AS p USING (person_id) JOIN roster_names AS r USING (person_no)
    LEFT JOIN name_keys AS a ON a.name = said.name LEFT JOIN name_keys AS b ON b.name = r.name
    GROUP BY ALL
), others AS (
    SELECT own.person_id, own.name, own.unit_code, min(list_position({places}, {agreement_a_b})) AS place
    FROM own JOIN roster_names AS r ON r.unit_code = own.unit_code AND r.person_no <> own.person_no
    JOIN name_keys AS a ON a.name = own.name JOIN name_keys AS b ON b.name = r.name
    WHERE own.place = {len_places}
    GROUP BY ALL
)
SELECT own.person_id, own.name, own.unit_code, person_no, is_present, coalesce(others.place, own.place) AS place,
       CASE WHEN own.name IS NULL THEN 'no_name' WHEN {places}[others.place] IN {telling} THEN 'member'
           ELSE {places}[own.place] END AS agreement
FROM own LEFT
JOIN others ON others.person_id = own.person_id AND others.name = own.name AND others.unit_code = own.unit_code
