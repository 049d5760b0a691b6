-- A household, product and cause: what the cause adds to the limit, whole yuan; none that is 0.
SELECT household_key, product, cause, CAST(sum(yuan) AS BIGINT) AS yuan
FROM parts JOIN units USING (unit_code) JOIN products USING (product_no)
GROUP BY ALL HAVING sum(yuan) <> 0 ORDER BY ALL
