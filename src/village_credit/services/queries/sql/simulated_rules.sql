-- A rule and how many households it decides, given the rules before it: before the policy that is tried, and under it.
SELECT 'before' AS "group", rule_before AS change, count(*) AS households FROM compared GROUP BY ALL
UNION ALL
SELECT 'after', rule_after, count(*) FROM compared GROUP BY ALL
ORDER BY ALL
