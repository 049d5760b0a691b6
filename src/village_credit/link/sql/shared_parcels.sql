-- One parcel under two contractors counts for neither; listed twice under one, it counts once, by its smaller area.
CREATE TABLE shared_parcels AS
SELECT parcel_code, count(DISTINCT contractor_code) > 1 AS is_of_two,
    arg_min(row_id, (coalesce(contract_mu, measured_mu), row_id)) AS counted_row
FROM parcels GROUP BY parcel_code HAVING count(*) > 1
