-- A branch and what its customer managers should look into: how many lines, how much, and for how long at most; the most first
-- title: Early warnings
-- lines: How many of its lines
-- longest_days: Days since the first of them began, up to the ledger's last act
SELECT county_code, branch_code, warning, count(*) AS lines, sum(amount_yuan) AS amount_yuan, max(days) AS longest_days
FROM early_warnings GROUP BY ALL
ORDER BY lines DESC, county_code, branch_code, warning
