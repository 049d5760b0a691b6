CREATE TABLE id_links AS
WITH judged AS (
    SELECT subjects.*, claims.unit_code, person_no, agreement,
           CASE WHEN claims.unit_code IS NULL THEN 'id_of_two_households'
               WHEN agreement = 'different' THEN 'id_without_name'
                WHEN subject_id IN (SELECT subject_id FROM next_door) THEN 'id_name_next_door' END AS conflict
    FROM subjects JOIN claims ON claims.person_id = subjects.person_id AND claims.name IS NOT DISTINCT
    FROM subjects.name
)
SELECT subject_id, contract, source_id, unit_code, person_no, agreement,
       CASE WHEN conflict IS NOT NULL THEN 3 WHEN is_repaired THEN 2 ELSE 1 END AS stage,
       CASE WHEN conflict IS NOT NULL THEN conflict WHEN is_repaired THEN repair
            WHEN agreement = 'no_name' THEN 'id_only' WHEN agreement = 'member' THEN 'id_and_member'
                ELSE 'id_and_name' END AS pass,
       CASE WHEN conflict IS NULL THEN 'automatic' WHEN unit_code IS NOT NULL
           AND contract IN {confirmed_by_person} THEN 'provisional' ELSE 'refused' END AS status
FROM judged
