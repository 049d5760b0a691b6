-- How many households of a run wait for a person's word that nobody gave in their county
WITH said AS (
    SELECT DISTINCT one.county_code AS county_code, one.household_key AS household_key
    FROM (SELECT unnest($said::STRUCT(county_code VARCHAR, household_key VARCHAR)[]) AS one)
)
SELECT run_id, count(DISTINCT household_key) AS households
FROM read_parquet($paths, hive_partitioning = false, union_by_name = true)
WHERE decision = 'manual_review' AND (county_code, household_key) NOT IN (FROM said)
GROUP BY run_id
