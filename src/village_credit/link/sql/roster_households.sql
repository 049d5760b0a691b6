CREATE TABLE register AS
WITH coded AS (SELECT DISTINCT left(contractor_code, 12) AS code FROM contractors),
today AS MATERIALIZED (SELECT code, left(current_area(code), 12) AS village_code FROM coded)
SELECT contractor_code AS unit_code, left(village_code, 6) AS county_code, left(village_code, 9) AS township_code,
       village_code, contractor_name, contractors.person_id AS contractor_id, phone, address, contractors.row_id
FROM contractors JOIN today ON today.code = left(contractor_code, 12)
WHERE contractor_type = $household AND contractor_code NOT LIKE $placeholder
