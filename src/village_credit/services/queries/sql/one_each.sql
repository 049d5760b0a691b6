-- Write one row a household that has lines of two products: the larger tells, the sum counts.
SELECT * REPLACE (CAST(sum(limit_yuan) OVER (PARTITION BY household_key) AS BIGINT) AS limit_yuan)
FROM ({decisions}) AS every
QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY every.limit_yuan DESC, product) = 1
