-- What the calendar owes and is not whole, with what that did to decisions; then figures out of bounds.
SELECT d.office, d.contract, coalesce(p.place_name, '全县'), state, coalesce(owed, ''), coalesce(newest, ''), d.rows,
    current_rows,
       households_without, granted_without, manual_review_without, declined_without
FROM t_deliveries AS d LEFT JOIN t_places AS p ON p.place_code = d.township_code AND p.level = 'township'
WHERE state <> 'complete' OR (households_without > 0 AND d.township_code IS NULL)
ORDER BY state = 'complete', d.office, d.contract, d.township_code NULLS FIRST
