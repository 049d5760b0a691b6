-- A number of two households links its record to neither, and is asked of each of them.
CREATE TABLE contested AS
SELECT subject_id, told.unit_code, told.person_no, told.agreement, CASE
    WHEN contract IN {confirmed_by_person} THEN 'provisional' ELSE 'refused' END AS status
FROM id_links JOIN subjects USING (subject_id, contract, source_id)
JOIN told ON told.person_id = subjects.person_id AND told.name IS NOT DISTINCT FROM subjects.name
WHERE id_links.unit_code IS NULL
