-- A debt on a line, from the first draw until nothing was owed, told as the bank's conduct tells a loan. `owed`:
-- household_key, product, day, owed_yuan at its end; `granted`: household_key, product, valid_to, as the last
-- publication that granted the line has it; `keys`: household_key, unit_code. Draws tell no day on which they are due:
-- a debt is past due from the day after the line's last, and of a line without one nothing is past due.
WITH steps AS (
    SELECT *, lag(owed_yuan, 1, 0) OVER (PARTITION BY household_key, product ORDER BY day) AS before_yuan FROM owed
), numbered AS (
    SELECT *, count(*) FILTER (owed_yuan > 0 AND before_yuan = 0)
        OVER (PARTITION BY household_key, product ORDER BY day) AS debt
    FROM steps
), debts AS (
    SELECT household_key, product, debt, min(day) AS opened_on, min(day) FILTER (owed_yuan = 0) AS settled_on
    FROM numbered WHERE debt > 0 AND day <= $known_on GROUP BY ALL
), late AS (
    SELECT *, coalesce(greatest(0, coalesce(settled_on, $known_on::DATE) - valid_to), 0) AS days
    FROM debts LEFT JOIN granted USING (household_key, product)
)
SELECT unit_code, CAST(NULL AS VARCHAR) AS loan_number, opened_on, days AS max_days_overdue,
    CASE WHEN settled_on IS NULL THEN days ELSE 0 END AS days_overdue,
    CASE WHEN days > 0 THEN valid_to + 1 END AS overdue_since, settled_on, $known_on::DATE AS cutoff_on,
    false AS is_relief, CAST(NULL AS VARCHAR) AS relief_proof
FROM late JOIN keys USING (household_key) ORDER BY ALL
