-- A line of which a contract, draw or repayment came back: where its household lives, and the run that decided it last,
-- that in force before any other; its limit now, before a hold, 0 where no line of it is in force
WITH returned AS (
    SELECT household_key, product FROM "inner".contracts_standing
    UNION SELECT household_key, product FROM "inner".owed
    UNION SELECT household_key, product FROM "inner".draws_standing
), decided AS (
    SELECT d.household_key, d.product, arg_max({'county_code': d.county_code, 'township_code': d.township_code,
        'village_code': d.village_code, 'run_id': d.run_id}, p.number) AS last
    FROM "inner".decisions AS d JOIN "inner".publications AS p USING (run_id)
    SEMI JOIN returned AS r ON r.household_key = d.household_key AND r.product = d.product GROUP BY ALL
)
SELECT household_key, product, coalesce(l.county_code, d.last.county_code) AS county_code,
    coalesce(l.township_code, d.last.township_code) AS township_code,
    coalesce(l.village_code, d.last.village_code) AS village_code, coalesce(l.run_id, d.last.run_id) AS run_id,
    l.held_since, l.decision IS NOT DISTINCT FROM 'granted' AND l.limit_yuan > 0
        AND coalesce(l.valid_to >= last.day, true) AS may_be_drawn,
    CAST(coalesce(CASE WHEN l.held_since IS NULL THEN l.limit_yuan
        ELSE coalesce(b.branch_limit_yuan, own.limit_yuan) END, 0) AS BIGINT) AS limit_yuan
FROM returned JOIN decided AS d USING (household_key, product)
LEFT JOIN "inner".lines_in_force AS l USING (household_key, product)
LEFT JOIN "inner".decisions AS own ON own.run_id = l.run_id AND own.household_key = l.household_key
    AND own.product = l.product
LEFT JOIN "inner".branch_limits AS b ON b.publication_id = l.publication_id AND b.household_key = l.household_key
    AND b.product = l.product, "inner".last_day AS last
