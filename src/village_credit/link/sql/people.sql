CREATE TABLE people AS
SELECT raw.*, CASE id_status WHEN 'valid' THEN id_number WHEN 'valid_15' THEN completed_15(id_number) END AS person_id
FROM raw_people AS raw
