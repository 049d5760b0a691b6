SELECT county_code, branch_code, answers_open, answers_overdue, open_since FROM branches
WHERE answers_open > 0 ORDER BY open_since, branch_code
