-- A contract as it was told last
SELECT c.* FROM "inner".contracts AS c JOIN "inner".returned AS r
    ON r.record = regexp_extract(c.filename, '(u[0-9a-f]{24})[/\\]contracts\.parquet$', 1)
QUALIFY row_number() OVER (PARTITION BY c.contract_key ORDER BY r.act DESC) = 1
