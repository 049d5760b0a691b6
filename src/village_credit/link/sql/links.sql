CREATE TABLE links AS
WITH by_code AS (
    SELECT c.row_id, contract, source_id, register.unit_code, register.row_id AS roster_row_id FROM code_rows AS c
    LEFT JOIN register ON c.contractor_code = register.unit_code
)
SELECT row_id, contract, source_id, unit_code, CASE WHEN unit_code IS NOT NULL THEN 1 END AS stage,
       CASE WHEN unit_code IS NOT NULL THEN 'contractor_code' END AS pass, CASE
           WHEN unit_code IS NOT NULL THEN 'code' END AS agreement,
       CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin,
       CASE WHEN unit_code IS NOT NULL THEN 'automatic'
           ELSE 'unlinked' END AS status, '{rules_version}' AS rules_version, roster_row_id
FROM by_code
UNION ALL
SELECT r.row_id, contract, source_id, CASE
    WHEN status <> 'refused' THEN final.unit_code END, stage, pass, agreement, score, margin,
       coalesce(status, 'unlinked'), '{rules_version}', coalesce(roster_persons.row_id, register.row_id)
FROM subject_rows AS r JOIN subjects USING (subject_id) LEFT JOIN final USING (subject_id)
LEFT JOIN roster_persons ON roster_persons.person_no = final.person_no
LEFT JOIN register ON register.unit_code = final.unit_code
WHERE r.is_standing
