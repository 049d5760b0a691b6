-- Conduct with the bank before the day: days that relief excuses are unknown, neither good nor bad; older than five years
-- counts no more.
WITH known AS (
    SELECT unit_code, max_days_overdue, relief_proof IS NOT NULL AND coalesce(is_relief, false) AS is_excused
    FROM conducts WHERE opened_on <= $as_of AND cutoff_on <= $as_of AND cutoff_on > $as_of::DATE - INTERVAL 5 YEAR
    AND link_status <> 'provisional'
), owed AS (
    SELECT unit_code, sum(balance_yuan)::DOUBLE AS balance
    FROM exposures WHERE link_status <> 'provisional' GROUP BY unit_code
)
SELECT h.unit_code,
       k.loans::DOUBLE AS loans_known,
       k.worst::DOUBLE AS worst_days_overdue,
       owed.balance AS bank_balance_yuan
FROM households AS h
LEFT JOIN (SELECT unit_code, count(*) AS loans, max(max_days_overdue) FILTER (NOT is_excused) AS worst
FROM known GROUP BY unit_code) AS k
    USING (unit_code)
LEFT JOIN owed USING (unit_code)
