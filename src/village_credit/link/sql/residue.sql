CREATE TABLE residue AS
SELECT * FROM subjects ANTI JOIN id_links USING (subject_id)
WHERE name IS NOT NULL AND length(village_codes) > 0
