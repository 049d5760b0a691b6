CREATE TABLE identified AS
SELECT located.* EXCLUDE (contractor_code) REPLACE (coalesce(person_id, repaired_id) AS person_id),
    repaired_id IS NOT NULL AS is_repaired, repair
FROM located LEFT JOIN repaired USING (row_id)
