-- No place in a file stands beside a household, and the order tells none: who knows a list would know the household.
SELECT s.office, l.contract AS source_table, k.household_key, l.stage, l.pass, l.agreement, l.score, l.margin, l.status,
    l.rules_version
FROM links AS l JOIN first_lines AS r USING (row_id) JOIN sources AS s ON r.source_id = s.source_id
LEFT JOIN keys AS k USING (unit_code) ORDER BY ALL
