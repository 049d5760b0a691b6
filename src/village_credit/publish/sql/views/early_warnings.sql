-- A line and something that a person should look into: more owed than its limit, a draw against its purpose or before its contract, a contract never drawn. A reason to ask, and no finding; no name: the branch's contact list has it
WITH early AS (
    SELECT d.household_key, d.product, min(d.drawn_on) AS since, sum(d.amount_yuan) AS amount_yuan
    FROM (SELECT contract_key, household_key, product, drawn_on, sum(amount_yuan) AS amount_yuan
        FROM "inner".draws GROUP BY ALL HAVING sum(amount_yuan) <> 0) AS d
    JOIN "inner".contracts_standing AS c USING (contract_key) WHERE d.drawn_on < c.signed_on GROUP BY ALL
), undrawn AS (  -- of what may be drawn: a line that is over or taken away is none
    SELECT c.household_key, c.product, min(c.signed_on) AS since
    FROM "inner".contracts_standing AS c JOIN "inner".lines_known AS k USING (household_key, product)
    ANTI JOIN "inner".draws_standing AS d ON d.household_key = c.household_key AND d.product = c.product
    WHERE k.may_be_drawn GROUP BY ALL
), found AS (
    FROM "inner".lines_warned
    UNION ALL BY NAME SELECT *, 'drawn_before_contract' AS warning FROM early
    UNION ALL BY NAME SELECT *, 'never_drawn' AS warning FROM undrawn
), owing AS (
    SELECT household_key, product, arg_max(owed_yuan, day) AS owed_yuan FROM "inner".owed GROUP BY ALL
), served AS (
    SELECT run_id, township_code, max(branch_code) AS branch_code FROM "inner".branches GROUP BY ALL
), first AS (  -- a township that no branch serves goes to the run's first, as packages have it
    SELECT run_id, min(branch_code) AS branch_code FROM "inner".branches GROUP BY ALL
)
SELECT k.county_code, k.township_code, k.village_code, coalesce(s.branch_code, t.branch_code) AS branch_code,
    f.household_key, f.product, f.warning, f.since, last.day - f.since AS days,
    CAST(f.amount_yuan AS DECIMAL(18, 2)) AS amount_yuan, k.limit_yuan,
    CAST(coalesce(o.owed_yuan, 0) AS DECIMAL(18, 2)) AS owed_yuan, k.held_since, k.run_id
FROM found AS f JOIN "inner".lines_known AS k USING (household_key, product)
LEFT JOIN owing AS o USING (household_key, product)
LEFT JOIN served AS s ON s.run_id = k.run_id AND s.township_code = k.township_code
LEFT JOIN first AS t ON t.run_id = k.run_id, "inner".last_day AS last
ORDER BY county_code, branch_code, warning, days DESC, household_key, product
