-- The land register's own rows lie in the village of their code; others where their text says. What a village's code is
-- today is asked once a village.
CREATE TABLE located AS
WITH coded AS (SELECT DISTINCT left(contractor_code, 12) AS code FROM people WHERE contractor_code IS NOT NULL),
today AS MATERIALIZED (SELECT code, left(current_area(code), 12) AS village_code FROM coded)
SELECT people.* EXCLUDE (village_text, township_text, group_text),
       CASE WHEN contractor_code IS NOT NULL THEN nullif(CAST(substr(contractor_code, 13, 2) AS INTEGER), 0)
            ELSE group_number(group_text) END AS group_no,
       CASE WHEN contractor_code IS NOT NULL THEN [today.village_code]
            ELSE coalesce(village_codes, []) END AS village_codes,
       people.village_text IS NOT NULL AND village_codes IS NULL AS is_unknown_village
FROM people LEFT JOIN resolved_villages
  ON people.source_id = resolved_villages.source_id AND people.village_text = resolved_villages.village_text
 AND coalesce(people.township_text, '') = resolved_villages.township_text
LEFT JOIN today ON today.code = left(contractor_code, 12)
