-- Lines of the bank's own that branches still have, in the shape of decisions: of households that no publication decided
-- yet, and those that one froze until a person has looked. Their months are those between their days; of more than ours
-- may have nothing is said.
WITH own AS (
    SELECT *, date_diff('month', valid_from, valid_to + 1) AS months FROM lines WHERE NOT is_own
), frozen AS (
    SELECT DISTINCT household_key, true AS is_frozen FROM told WHERE decision = 'manual_review' AND valid_to IS NULL
)
SELECT d.* REPLACE (
    l.product AS product, CASE WHEN is_frozen THEN 'manual_review' ELSE 'granted' END AS decision,
    CASE WHEN is_frozen THEN 0 ELSE l.limit_yuan END AS limit_yuan, l.valid_from AS valid_from,
    l.valid_to AS valid_to, CASE WHEN months BETWEEN 0 AND $most_months THEN months END AS term_months,
    NULL AS annual_rate_bp, NULL AS annual_cost_bp)
FROM decisions AS d JOIN own AS l USING (household_key) LEFT JOIN frozen USING (household_key)
WHERE is_frozen OR household_key NOT IN (SELECT household_key FROM known)
