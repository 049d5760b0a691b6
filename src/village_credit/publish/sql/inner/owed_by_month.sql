-- A household, product and month at whose end something was owed: how much
WITH spans AS (
    SELECT *, lead(day) OVER (PARTITION BY household_key, product ORDER BY day) AS until_on FROM "inner".owed
)
SELECT m.month, m.counted_on, s.household_key, s.product, s.owed_yuan
FROM spans AS s JOIN "inner".months AS m
    ON s.day <= m.counted_on AND m.counted_on < coalesce(s.until_on, DATE '9999-12-31')
WHERE s.owed_yuan > 0
