-- What was drawn and not repaid of the lines of the day before, and what these lines were; null where nothing was said of draws
SELECT sum(drawn_yuan) AS drawn_yuan, CAST(sum(limit_yuan) AS BIGINT) AS limit_yuan
FROM in_force WHERE $product IS NULL
    OR (product = $product AND household_key IN (SELECT household_key FROM t_decisions))
