-- A batch of one product leaves the lines of the others in force: they have used their part of every budget.
SELECT township_code, village_code, CAST(sum(down(limit_fen, 100)) AS BIGINT) AS limit_yuan
FROM own_lines JOIN households USING (unit_code)
WHERE product <> getvariable('product') AND valid_to >= as_of() GROUP BY ALL
