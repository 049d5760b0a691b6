-- So many automatic links of each pass, by the hash of what they say: the same run gives the same sample. `weight`
-- is how many links of the pass each stands for.
SELECT subject_id, unit_code, agreement, CAST(NULL AS DOUBLE) AS score, CAST(NULL AS DOUBLE) AS margin, pass, status,
       count(*) OVER (PARTITION BY pass) / least($sample_size, count(*) OVER (PARTITION BY pass)) AS weight
FROM id_links JOIN subjects USING (subject_id) WHERE status = 'automatic' AND is_standing
QUALIFY row_number() OVER (PARTITION BY pass ORDER BY md5(record_text), subject_id) <= $sample_size
