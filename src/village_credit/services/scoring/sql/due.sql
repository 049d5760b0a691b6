-- Lines that a run would decide otherwise than the latest one did: `now` against `before`
SELECT count(*)
FROM (SELECT household_key, product, decision, band, limit_yuan, binding_term, list_sort(reason_codes) AS reasons FROM now)
FULL JOIN (
    SELECT household_key, product, decision AS decision_before, band AS band_before, limit_yuan AS limit_before,
        binding_term AS term_before, list_sort(reason_codes) AS reasons_before
    FROM before
) USING (household_key, product)
WHERE (decision, band, limit_yuan, binding_term, reasons)
    IS DISTINCT FROM (decision_before, band_before, limit_before, term_before, reasons_before)
