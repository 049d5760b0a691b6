CREATE TABLE lone_rows AS
SELECT 'T' || credit_code AS unit_code, row_id, traders.source_id, operator_name, traders.person_id, phone,
    business_address, referred_on
FROM traders JOIN links USING (row_id)
WHERE links.status = 'unlinked' AND traders.person_id IS NOT NULL AND referred_on <= $as_of
