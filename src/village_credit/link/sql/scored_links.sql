-- What a record of the same list already has by its ID number is not given to another by likeness.
CREATE TABLE scored_links AS
WITH taken AS (
    SELECT DISTINCT source_id AS scope, CASE WHEN is_household_list THEN id_links.unit_code
        ELSE CAST(person_no AS VARCHAR) END AS claim
    FROM id_links JOIN subjects USING (subject_id, source_id) WHERE status = 'automatic'
)
SELECT left_id AS subject_id, right_group AS unit_code, right_id AS person_no, agreement, round(score, 3) AS score,
    round(margin, 3) AS margin,
       CASE WHEN id_status = 'empty' AND agreement = 'equal' THEN 'name_and_village' ELSE 'scored' END AS pass,
       taken.claim IS NOT NULL AS is_taken, is_accepted AND taken.claim IS NULL AS is_accepted
FROM best_pairs JOIN subjects ON subject_id = left_id LEFT JOIN taken USING (scope, claim)
