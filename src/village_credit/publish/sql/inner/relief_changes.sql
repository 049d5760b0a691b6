-- A village, product and month: by how much the relief on offer and kept at its end, and the traders answered and
-- waiting, differ from the month before's; of 'all', what its sum over products counts too often
WITH offered AS MATERIALIZED (  -- a measure of what stood at the month's end, on a loan of a household in a window that it touches
    SELECT s.month, d.county_code, d.township_code, d.village_code, d.product,
        o.household_key, o.rate_cut_bp, CAST(o.balance_yuan * 100 AS BIGINT) AS balance_fen,
        1 + datediff('day', greatest(w.starts_on, s.month), least(w.ends_on, m.counted_on)) AS days
    FROM "inner".stood_by_month AS s JOIN "inner".months AS m USING (month)
    JOIN "inner".relief_measures AS o ON o.run_id = s.run_id
    JOIN "inner".relief AS w ON w.run_id = o.run_id AND w.household_key = o.household_key AND w.document = o.document
    JOIN "inner".decisions AS d ON d.run_id = o.run_id AND d.household_key = o.household_key
    WHERE s.product IS NULL AND w.starts_on <= m.counted_on AND w.ends_on >= s.month
), kept AS MATERIALIZED (
    SELECT s.month, d.county_code, d.township_code, d.village_code, d.product,
        k.household_key
    FROM "inner".stood_by_month AS s JOIN "inner".relief_kept AS k ON k.run_id = s.run_id
    JOIN "inner".decisions AS d ON d.run_id = k.run_id AND d.household_key = k.household_key AND d.product = k.product
    WHERE s.product IS NULL
), referred AS (  -- a trader of a published batch, as it was last published
    SELECT r.*, d.township_code, d.village_code
    FROM "inner".referrals_clocked AS r
    JOIN (SELECT run_id, max(number) AS number FROM "inner".publications GROUP BY ALL) AS p USING (run_id)
    JOIN "inner".decisions AS d USING (run_id, household_key, county_code)
    WHERE d.product = 'trader_loan'
    QUALIFY row_number() OVER (PARTITION BY household_key, referral_batch, referred_on ORDER BY p.number DESC) = 1
), asked AS (  -- who was answered in the month, or waits at its end
    SELECT m.month, r.county_code, r.township_code, r.village_code, 'trader_loan' AS product,
        coalesce(r.decided_on <= m.counted_on, false) AS is_answered,
        r.decision_clock IN ('same_day', 'in_time') AS is_in_time
    FROM referred AS r JOIN "inner".months AS m
        ON r.referred_on <= m.counted_on AND (r.decided_on IS NULL OR r.decided_on >= m.month)
), told AS MATERIALIZED (
    SELECT month, county_code, township_code, village_code, product,
        count(DISTINCT household_key) AS relief_offered_households,
        -- half up to whole fen, loan by loan: so it adds up
        sum((2 * balance_fen * rate_cut_bp * days + 3650000) // 7300000) AS relief_interest_fen
    FROM offered GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, 'all' AS product,
        count(DISTINCT household_key) - count(DISTINCT (household_key, product)) AS relief_offered_households
    FROM offered GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product,
        count(DISTINCT household_key) AS relief_kept_households
    FROM kept GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, 'all' AS product,
        count(DISTINCT household_key) - count(DISTINCT (household_key, product)) AS relief_kept_households
    FROM kept GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product,
        count(*) FILTER (is_answered) AS traders_answered,
        count(*) FILTER (is_answered AND is_in_time) AS traders_in_time,
        count(*) FILTER (NOT is_answered) AS traders_waiting
    FROM asked GROUP BY ALL
)
FROM told
UNION ALL BY NAME
SELECT CAST(month + INTERVAL 1 MONTH AS DATE) AS month, county_code, township_code, village_code, product,
    -relief_offered_households AS relief_offered_households, -relief_kept_households AS relief_kept_households,
    -relief_interest_fen AS relief_interest_fen, -traders_answered AS traders_answered,
    -traders_in_time AS traders_in_time, -traders_waiting AS traders_waiting
FROM told
