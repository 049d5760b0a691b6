-- Lines of the bank's own before the first publication, in the shape of decisions, of households that nothing
-- decided yet.
SELECT d.* REPLACE (
    l.product AS product, 'granted' AS decision, l.limit_yuan AS limit_yuan, l.valid_from AS valid_from,
        l.valid_to AS valid_to)
FROM decisions AS d JOIN lines AS l USING (household_key) ANTI JOIN known USING (household_key)
WHERE NOT l.is_own
