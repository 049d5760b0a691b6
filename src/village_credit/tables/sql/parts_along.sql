-- A household, product and cause: what the cause adds on the whole way, whole yuan; none that is 0.
SELECT household_key, product, cause, CAST(sum(yuan) AS BIGINT) AS yuan FROM parts
GROUP BY ALL HAVING sum(yuan) <> 0 ORDER BY ALL
