-- Every record of a list that names people; what waits in quarantine because its number stays damaged is unlinked
-- too.
CREATE TEMP TABLE records AS
SELECT row_id, contract, unit_code, status, village_codes, name
FROM links JOIN (SELECT row_id, village_codes, name FROM identified) USING (row_id)
WHERE contract NOT IN ('land_contractor', 'land_member')
UNION ALL
SELECT row_id, contract, NULL, 'unlinked', village_codes, name FROM identified
SEMI JOIN (FROM subject_rows WHERE NOT is_standing) USING (row_id)
