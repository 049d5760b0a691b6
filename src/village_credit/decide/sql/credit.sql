-- What else a household owes or has: debts beside the product asked for, and what its machines are worth.
-- of our own lines, what the bank's list does not tell yet; a batch of one product leaves the others' lines in
-- force
CREATE TABLE own_credit AS
SELECT o.unit_code, o.product, greatest(0, told_fen - coalesce(listed_fen, 0)) AS balance_fen,
       greatest(1, date_diff('year', as_of(), valid_to) + CASE WHEN strftime(valid_to, '%m%d') > strftime(as_of(),
           '%m%d') THEN 1 ELSE 0 END) AS years,
       greatest(0, CASE WHEN getvariable('product') IS NULL THEN told_fen ELSE greatest(limit_fen, told_fen)
           END - coalesce(e.unsecured_fen, 0)) AS unsecured_fen
FROM own_lines AS o LEFT JOIN (
    SELECT unit_code, product, sum(balance_fen) AS listed_fen,
        sum(CASE WHEN is_unsecured THEN greatest(credit_fen, balance_fen) ELSE 0 END) AS unsecured_fen
    FROM exposures_mapped GROUP BY unit_code, product) AS e USING (unit_code, product);

-- a line that a merge closed is another loan until it is repaid: of the same product, where the bank's list would be
-- taken for the line itself, and of what else the list does not tell yet
CREATE TABLE closed_credit AS
WITH closed AS (
    SELECT unit_code, product, sum(fen(owed_yuan)) AS owed_fen, greatest(1, date_diff('year', as_of(), max(valid_to))
        + CASE WHEN strftime(max(valid_to), '%m%d') > strftime(as_of(), '%m%d') THEN 1 ELSE 0 END) AS years
    FROM closed_lines GROUP BY unit_code, product
)
SELECT unit_code, NULL AS product, owed_fen AS balance_fen, coalesce(years, 1) AS years, owed_fen AS unsecured_fen,
    product AS beside FROM closed
UNION ALL
SELECT unit_code, product, greatest(0, owed_fen - coalesce(listed_fen, 0)), coalesce(years, 1),
    greatest(0, owed_fen - coalesce(listed_fen, 0)), NULL
FROM closed LEFT JOIN (SELECT unit_code, product, sum(balance_fen) AS listed_fen FROM exposures_mapped GROUP BY ALL)
    USING (unit_code, product);

CREATE TABLE other_credit AS
SELECT c.unit_code, c.product,
       sum(down(balance_fen * 10000000000, years) + down(balance_fen * f.existing_rate * 10000, 1)) AS service_e12,
       sum(e.unsecured_fen) AS unsecured_fen
FROM wanted AS c
JOIN (SELECT unit_code, product, balance_fen, years, CASE WHEN is_unsecured THEN greatest(credit_fen, balance_fen)
    ELSE 0 END AS unsecured_fen, NULL AS beside FROM exposures_mapped
                           UNION ALL SELECT *, NULL FROM own_credit
                           UNION ALL FROM closed_credit) AS e
     ON e.unit_code = c.unit_code AND e.product IS DISTINCT FROM c.product
        AND (beside IS NULL OR beside = c.product), f
GROUP BY c.unit_code, c.product;

CREATE TABLE machine_value AS  -- yuan in units of fen × millionths
SELECT unit_code, sum(price_fen * greatest(0, 1000000 - f.depreciation * years)) AS fen_ppm
FROM machines_owned, f GROUP BY unit_code;
