-- A household, product, day and purpose: what it drew and was not taken back
SELECT household_key, product, drawn_on, purpose, sum(amount_yuan) AS amount_yuan
FROM "inner".draws GROUP BY ALL HAVING sum(amount_yuan) <> 0
