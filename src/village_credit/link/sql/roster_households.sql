CREATE TABLE register AS
SELECT contractor_code AS unit_code, left(current_area(contractor_code), 6) AS county_code,
       left(current_area(contractor_code), 9) AS township_code,
           left(current_area(contractor_code), 12) AS village_code, contractor_name,
               contractors.person_id AS contractor_id, phone, address,
       contractors.row_id
FROM contractors
WHERE contractor_type = $household AND contractor_code NOT LIKE $placeholder
