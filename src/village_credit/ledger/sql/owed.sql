-- Per contract, S being the sum of its draws less its repayments up to a day, the balance is S less the lowest S so
-- far below nothing: what was repaid beyond it (interest among it) pays no later draw and no other contract's. A
-- day's draws come before its repayments, so S is lowest at a day's end. A move that was taken back has an equal one
-- below nothing beside it.
WITH moved AS (
    SELECT contract_key, household_key, product, drawn_on AS day, sum(amount_yuan) AS yuan
    FROM draws GROUP BY ALL HAVING yuan <> 0
    UNION ALL
    SELECT contract_key, household_key, product, paid_on, -sum(amount_yuan) AS yuan
    FROM repayments GROUP BY ALL HAVING yuan <> 0
), summed AS (
    SELECT * EXCLUDE (yuan),
        sum(sum(yuan)) OVER (PARTITION BY contract_key, household_key, product ORDER BY day) AS sum_yuan
    FROM moved GROUP BY contract_key, household_key, product, day
), balances AS (
    SELECT *,
        sum_yuan - least(0, min(sum_yuan) OVER (PARTITION BY contract_key, household_key, product ORDER BY day))
            AS balance_yuan FROM summed
), changes AS (
    SELECT *,
        balance_yuan - lag(balance_yuan, 1, 0) OVER (PARTITION BY contract_key, household_key, product ORDER BY day)
            AS change_yuan FROM balances
)
SELECT household_key, product, day,
    CAST(sum(sum(change_yuan)) OVER (PARTITION BY household_key, product ORDER BY day) AS DECIMAL(18, 2)) AS owed_yuan
FROM changes GROUP BY household_key, product, day ORDER BY ALL
