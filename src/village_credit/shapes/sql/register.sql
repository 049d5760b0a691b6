-- What the register says of each parcel: its contractors, and every area in square metres
CREATE OR REPLACE TEMP TABLE register AS
SELECT parcel_code AS code,
       list_distinct(list(contractor_code)) AS contractors,
       list_distinct(list(coalesce(contract_mu, measured_mu)::DOUBLE * $mu_m2)) AS areas
FROM parcels GROUP BY parcel_code
