CREATE TABLE roster_units AS
SELECT unit_code, village_code, nullif(CAST(substr(unit_code, 13, 2) AS INTEGER), 0) AS group_no,
       count(*) FILTER (is_living) AS persons, max(parcel_mu) AS area_mu
FROM register JOIN roster USING (unit_code)
LEFT JOIN (SELECT contractor_code AS unit_code, sum(coalesce(contract_mu, measured_mu)) AS parcel_mu FROM parcels
GROUP BY ALL) USING (unit_code)
GROUP BY ALL;
CREATE TABLE roster_persons AS
SELECT row_number() OVER (ORDER BY unit_code, member_no) AS person_no, unit_code, row_id, relation, name,
    person_id, is_living AND is_resident AS is_present
FROM roster;
CREATE TABLE roster_names AS
SELECT person_no, unit_code, name, person_id FROM roster_persons
UNION
SELECT person_no, unit_code, contractor_name, person_id
FROM roster_persons JOIN register USING (unit_code) WHERE relation = 'head'
