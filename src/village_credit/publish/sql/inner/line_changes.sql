-- A village, product and month: by how much what stands of lines at its end, and who is credited at it and at none
-- before, differ from the month before's; of 'all', what its sum over products counts too often. Added up are all lines
-- as their publications decided them, for as long as these stood, less (`sign` -1) those of households that moved, and
-- these again as they stood in each span of months in which nothing of them changed
WITH own AS MATERIALIZED (
    SELECT county_code, township_code, village_code, household_key, product, decision, limit_yuan, binding_term,
        reason_codes, run_id
    FROM "inner".decisions SEMI JOIN "inner".moved USING (household_key)
), days AS (  -- on which something of them changed
    SELECT household_key, o.county_code, unnest([from_on, until_on]) AS day
    FROM own AS o JOIN "inner".stood USING (run_id)
    UNION ALL SELECT household_key, o.county_code, unnest([from_on, until_on]) AS day
    FROM own AS o JOIN (SELECT household_key, from_on, until_on FROM "inner".branch_words
        UNION ALL SELECT household_key, from_on, until_on FROM "inner".was_held) USING (household_key)
), looks AS (
    SELECT DISTINCT household_key, county_code, CAST(date_trunc('month', days.day) AS DATE) AS month,
        CAST(date_trunc('month', last.day) + INTERVAL 1 MONTH AS DATE) AS end_month
    FROM days JOIN "inner".last_day AS last ON days.day <= last.day
), spans AS (
    SELECT household_key, county_code, month,
        lead(month, 1, end_month) OVER (PARTITION BY household_key, county_code ORDER BY month) AS until_month
    FROM looks
), stood AS (
    SELECT k.household_key, k.until_month, s.*
    FROM spans AS k JOIN "inner".stood_by_month AS s USING (county_code, month)
), moved AS MATERIALIZED (
    SELECT -1 AS sign, s.month, s.until_month, o.county_code, township_code, village_code, household_key, o.product,
        decision, limit_yuan, reason_codes
    FROM own AS o JOIN "inner".stays AS s USING (run_id)
    UNION ALL BY NAME
    SELECT 1 AS sign, month, until_month, county_code, township_code, village_code, household_key, product, decision,
        limit_yuan, reason_codes
    FROM ({lines_moved})
), contracts AS MATERIALIZED (
    SELECT household_key, product, CAST(date_trunc('month', signed_on) AS DATE) AS signed_month
    FROM "inner".contracts_standing, "inner".last_day AS last WHERE signed_on <= last.day
), counted AS (
    SELECT 1 AS sign, month, until_month, county_code, township_code, village_code, product, count(*) AS households,
        count(*) FILTER (decision = 'granted') AS credited_households, CAST(sum(limit_yuan) AS BIGINT) AS in_force_yuan,
        CAST(sum(limit_yuan) FILTER (list_contains(reason_codes, 'FROZEN')) AS BIGINT) AS frozen_yuan
    FROM "inner".lines_stayed GROUP BY ALL
    UNION ALL BY NAME
    SELECT sign, month, until_month, county_code, township_code, village_code, product, count(*) AS households,
        count(*) FILTER (decision = 'granted') AS credited_households, CAST(sum(limit_yuan) AS BIGINT) AS in_force_yuan,
        CAST(sum(limit_yuan) FILTER (list_contains(reason_codes, 'FROZEN')) AS BIGINT) AS frozen_yuan
    FROM moved GROUP BY ALL
), contracted AS (  -- by the size of its line
    SELECT sign, greatest(month, signed_month) AS month, until_month, county_code, township_code, village_code, product,
        (limit_yuan > 100000)::INT + (limit_yuan >= 200000)::INT AS size, count(*) AS contracts
    FROM (SELECT 1 AS sign, * FROM "inner".lines_stayed) JOIN contracts USING (household_key, product)
    WHERE limit_yuan > 0 GROUP BY ALL
    UNION ALL BY NAME
    SELECT sign, greatest(month, signed_month) AS month, until_month, county_code, township_code, village_code, product,
        (limit_yuan > 100000)::INT + (limit_yuan >= 200000)::INT AS size, count(*) AS contracts
    FROM moved JOIN contracts USING (household_key, product) WHERE limit_yuan > 0 GROUP BY ALL
), firsts AS (
    SELECT household_key, product, min(month) AS first_month FROM "inner".lines_stayed
    WHERE decision = 'granted' AND month < (SELECT max(month) FROM "inner".stays) GROUP BY ALL
), moved_credited AS (
    SELECT *, min(month) OVER (PARTITION BY sign, household_key, product) AS first_month
    FROM moved WHERE decision = 'granted'
), newly AS (  -- of all who are credited from a month on, those are not who were before
    SELECT sign, month, county_code, township_code, village_code, product, credited_households AS newly FROM counted
    UNION ALL BY NAME
    SELECT 1 AS sign, month, county_code, township_code, village_code, product, -count(*) AS newly
    FROM "inner".lines_stayed JOIN firsts USING (household_key, product)
    WHERE decision = 'granted' AND month > (SELECT min(month) FROM "inner".stays) AND month > first_month
    GROUP BY ALL
    UNION ALL BY NAME
    SELECT sign, month, county_code, township_code, village_code, product, -count(*) AS newly
    FROM moved_credited WHERE month > first_month GROUP BY ALL
), several AS MATERIALIZED (
    FROM "inner".of_several
), of_several AS (  -- lines of households that may have several
    SELECT *, min(month) FILTER (decision = 'granted') OVER (PARTITION BY household_key, product) AS first_month
    FROM (
        SELECT * FROM "inner".lines_stayed
        SEMI JOIN (FROM several ANTI JOIN "inner".moved USING (household_key)) USING (household_key)
        UNION ALL BY NAME
        SELECT * FROM moved SEMI JOIN several USING (household_key) WHERE sign = 1
    )
), beyond AS (  -- what lines count beyond their household's first
    SELECT month, until_month, county_code, township_code, village_code, 1 - count(*) AS households,
        bool_or(decision = 'granted')::INT - count(*) FILTER (decision = 'granted') AS credited_households
    FROM of_several GROUP BY month, until_month, county_code, township_code, village_code, household_key
    HAVING count(*) > 1
), again AS (  -- of their lines that are credited first, those are not their household's that come after another
    SELECT month, county_code, township_code, village_code, -1 AS newly
    FROM of_several WHERE decision = 'granted' AND month = first_month
    QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY month) > 1
), told AS MATERIALIZED (
    FROM counted UNION ALL BY NAME FROM contracted
    UNION ALL BY NAME SELECT *, CAST(month + INTERVAL 1 MONTH AS DATE) AS until_month FROM newly
    UNION ALL BY NAME SELECT *, 1 AS sign, 'all' AS product FROM beyond
    UNION ALL BY NAME
    SELECT *, 1 AS sign, 'all' AS product, CAST(month + INTERVAL 1 MONTH AS DATE) AS until_month FROM again
), turned AS (  -- what begins in one month and ends in another
    SELECT * EXCLUDE (until_month) FROM told WHERE month < until_month
    UNION ALL BY NAME
    SELECT * EXCLUDE (month, until_month) REPLACE (-sign AS sign), until_month AS month
    FROM told WHERE month < until_month
)
SELECT month, county_code, township_code, village_code, product, sum(sign * households) AS households,
    sum(sign * credited_households) AS credited_households, sum(sign * newly) AS newly_credited_households,
    sum(sign * in_force_yuan) AS in_force_yuan, sum(sign * frozen_yuan) AS frozen_yuan,
    sum(sign * contracts) AS contracts, sum(sign * contracts) FILTER (size = 0) AS contracts_to_100k,
    sum(sign * contracts) FILTER (size = 1) AS contracts_to_200k,
    sum(sign * contracts) FILTER (size = 2) AS contracts_from_200k
FROM turned GROUP BY ALL
