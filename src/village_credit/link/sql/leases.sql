SELECT o.unit_code AS from_unit_code, i.unit_code AS to_unit_code, coalesce(contract_mu, measured_mu) AS area_mu,
    starts_on, ends_on, rent_yuan, crop
FROM transfers LEFT JOIN register AS o ON contractor_code = o.unit_code
LEFT JOIN register AS i ON lessee_code = i.unit_code
WHERE o.unit_code IS NOT NULL OR i.unit_code IS NOT NULL ORDER BY transfers.row_id
