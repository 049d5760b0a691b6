SELECT contractor_code AS unit_code, method_code, coalesce(contract_mu, measured_mu) AS area_mu
FROM parcels JOIN register ON contractor_code = unit_code LEFT JOIN shared_parcels USING (parcel_code)
WHERE is_of_two IS NULL OR (NOT is_of_two AND counted_row = parcels.row_id)
ORDER BY unit_code, parcels.row_id
