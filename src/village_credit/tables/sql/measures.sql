-- Write one sum per measured column of a contract.
SELECT source_id, '{measure}' AS measure, '{unit}' AS unit, count(*) AS rows,
    CAST({total} AS DECIMAL(38,4)) AS value FROM rows_{contract} GROUP BY source_id
