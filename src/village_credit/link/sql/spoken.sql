-- A person's word stands above every rule: it links, or it withdraws a link. Said of two households, it links to
-- neither.
CREATE TABLE spoken AS
WITH wanted AS (
    SELECT subject_id, record_text FROM subjects WHERE (SELECT count(*) FROM verdicts) > 0
), keyed AS (
    SELECT subject_id, record_key(record_text) AS record_key FROM wanted
), units AS (
    SELECT unit_code, household_key(unit_code) AS household_key
    FROM roster_units WHERE (SELECT count(*) FROM verdicts) > 0
)
SELECT subject_id, unit_code, verdict FROM keyed JOIN verdicts USING (record_key) JOIN units USING (household_key)
QUALIFY verdict <> 'same' OR count(*) FILTER (verdict = 'same') OVER (PARTITION BY subject_id) = 1
