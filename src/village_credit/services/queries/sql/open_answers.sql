SELECT branch_code, answers_open, answers_overdue, open_since FROM branches
WHERE county_code = $county AND answers_open > 0 ORDER BY open_since, branch_code
