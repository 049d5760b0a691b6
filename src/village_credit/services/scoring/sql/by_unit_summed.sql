-- What a line may rise from: of lines that came together their sum.
SELECT unit_code, product, CAST(sum(base_yuan) AS BIGINT) AS base_yuan
FROM known JOIN keys USING (household_key) GROUP BY unit_code, product ORDER BY ALL
