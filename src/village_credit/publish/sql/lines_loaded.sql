-- Lines of the bank's own before the first publication, in the shape of decisions, of households that nothing
-- decided yet. Their months are those between their days; of more than ours may have nothing is said.
WITH own AS (
    SELECT *, date_diff('month', valid_from, valid_to + 1) AS months FROM lines WHERE NOT is_own
)
SELECT d.* REPLACE (
    l.product AS product, 'granted' AS decision, l.limit_yuan AS limit_yuan, l.valid_from AS valid_from,
    l.valid_to AS valid_to, CASE WHEN months BETWEEN 0 AND $most_months THEN months END AS term_months,
    NULL AS annual_rate_bp, NULL AS annual_cost_bp)
FROM decisions AS d JOIN own AS l USING (household_key) ANTI JOIN known USING (household_key)
