-- A branch that owes answers: how many, how many are overdue, and for how long; the longest first
-- title: Branches that are behind
SELECT county_code, branch_code, branch_name, lines_told, answers_open, answers_overdue, open_since, open_days
FROM branches WHERE answers_open > 0
ORDER BY open_days DESC, answers_open DESC, county_code, branch_code
