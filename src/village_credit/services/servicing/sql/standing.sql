CREATE TEMP TABLE standing AS  -- recorded, and not taken back
SELECT contract_key, household_key, product, abs(amount_yuan) AS yuan, {day} AS day,
    CAST({purpose} AS VARCHAR) AS purpose, coalesce({loan}, '') AS loan
FROM recorded GROUP BY ALL HAVING sum(sign(amount_yuan)) > 0
