-- A village, product ('all': a household with several counts once) and month: what adds up to every place above it.
-- Nothing is filled in here: a village of which nothing is to be said of a product has its noughts.
WITH divided AS (  -- by the last whole publication until then, a withdrawn one too: who delivered nothing is a village
    SELECT m.month, m.counted_on, p.county_code, arg_max(p.run_id, p.number) AS run_id
    FROM "inner".months AS m JOIN "inner".publications AS p ON p.published_on <= m.counted_on
    WHERE p.product IS NULL GROUP BY ALL
), villages AS (
    SELECT d.month, d.county_code, p.within_code AS township_code, p.place_code AS village_code, 1 AS villages
    FROM divided AS d JOIN "inner".places AS p USING (run_id) WHERE p.level = 'village'
), states AS (  -- at which month's end lines were looked at, for which month's
    SELECT county_code, false AS is_moved, as_month, month FROM "inner".state_months
    UNION ALL SELECT DISTINCT county_code, true, month, month FROM "inner".state_months
), lines AS (
    SELECT is_moved, month AS as_month, county_code, township_code, village_code, household_key, product, limit_yuan,
        decision = 'granted' AS is_credited,
        CASE WHEN list_contains(reason_codes, 'FROZEN') THEN limit_yuan ELSE 0 END AS frozen_yuan
    FROM (SELECT false AS is_moved, * FROM "inner".lines_still
        UNION ALL BY NAME SELECT true AS is_moved, * FROM "inner".lines_moved)
), households AS (
    SELECT is_moved, as_month, county_code, township_code, village_code, household_key,
        bool_or(is_credited) AS is_credited, sum(limit_yuan) AS limit_yuan, sum(frozen_yuan) AS frozen_yuan
    FROM lines GROUP BY ALL
), looked_at AS (
    SELECT is_moved, as_month, county_code, township_code, village_code, product, count(*) AS households,
        count(*) FILTER (is_credited) AS credited_households, sum(limit_yuan) AS in_force_yuan,
        sum(frozen_yuan) AS frozen_yuan
    FROM lines GROUP BY ALL
    UNION ALL BY NAME
    SELECT is_moved, as_month, county_code, township_code, village_code, 'all' AS product, count(*) AS households,
        count(*) FILTER (is_credited) AS credited_households, sum(limit_yuan) AS in_force_yuan,
        sum(frozen_yuan) AS frozen_yuan
    FROM households GROUP BY ALL
), counted AS (
    SELECT * EXCLUDE (is_moved, as_month) FROM looked_at JOIN states USING (county_code, is_moved, as_month)
), firsts AS (
    SELECT household_key, product, as_month,
        {'county_code': county_code, 'township_code': township_code, 'village_code': village_code} AS place
    FROM lines WHERE is_credited
), newly AS (  -- credited at this month's end, and at no earlier one
    SELECT household_key, product, min(as_month) AS month, arg_min(place, as_month) AS place FROM firsts GROUP BY ALL
    UNION ALL BY NAME
    SELECT household_key, 'all' AS product, min(as_month) AS month, arg_min(place, as_month) AS place
    FROM firsts GROUP BY ALL
), owing AS (
    SELECT o.month, p.county_code, p.township_code, p.village_code, o.product, o.household_key, o.owed_yuan
    FROM "inner".owed_by_month AS o JOIN "inner".places_of_moved AS p
        ON p.household_key = o.household_key AND p.from_on <= o.counted_on AND o.counted_on < p.until_on
), drawing AS (
    SELECT m.month, p.county_code, p.township_code, p.village_code, unnest([d.product, 'all']) AS product,
        d.amount_yuan
    FROM "inner".draws_standing AS d JOIN "inner".months AS m
        ON d.drawn_on BETWEEN m.month AND m.counted_on
    JOIN "inner".places_of_moved AS p
        ON p.household_key = d.household_key AND p.from_on <= m.counted_on AND m.counted_on < p.until_on
), contracted AS (  -- by the size of its line at the month's end
    SELECT m.month, l.county_code, l.township_code, l.village_code, unnest([l.product, 'all']) AS product,
        l.limit_yuan
    FROM (SELECT household_key, product, signed_on FROM "inner".contracts_standing) AS c
    JOIN lines AS l USING (household_key, product) JOIN states AS s USING (county_code, is_moved, as_month)
    JOIN "inner".months AS m ON m.month = s.month AND c.signed_on <= m.counted_on
    WHERE l.limit_yuan > 0
), offered AS (  -- a measure of what stood at the month's end, on a loan of a household in a window that it touches
    SELECT s.month, d.county_code, d.township_code, d.village_code, unnest([d.product, 'all']) AS product,
        o.household_key, o.rate_cut_bp, CAST(o.balance_yuan * 100 AS BIGINT) AS balance_fen,
        1 + datediff('day', greatest(w.starts_on, s.month), least(w.ends_on, m.counted_on)) AS days
    FROM "inner".stood_by_month AS s JOIN "inner".months AS m USING (month)
    JOIN "inner".relief_measures AS o ON o.run_id = s.run_id
    JOIN "inner".relief AS w ON w.run_id = o.run_id AND w.household_key = o.household_key AND w.document = o.document
    JOIN "inner".decisions AS d ON d.run_id = o.run_id AND d.household_key = o.household_key
    WHERE s.product IS NULL AND w.starts_on <= m.counted_on AND w.ends_on >= s.month
), kept AS (
    SELECT s.month, d.county_code, d.township_code, d.village_code, unnest([d.product, 'all']) AS product,
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
    SELECT m.month, r.county_code, r.township_code, r.village_code, unnest(['trader_loan', 'all']) AS product,
        coalesce(r.decided_on <= m.counted_on, false) AS is_answered,
        r.decision_clock IN ('same_day', 'in_time') AS is_in_time
    FROM referred AS r JOIN "inner".months AS m
        ON r.referred_on <= m.counted_on AND (r.decided_on IS NULL OR r.decided_on >= m.month)
), pieces AS (
    SELECT v.*, p.product FROM villages AS v, (SELECT product FROM counted UNION SELECT 'all') AS p
    UNION ALL BY NAME FROM counted
    UNION ALL BY NAME
    SELECT month, place.county_code AS county_code, place.township_code AS township_code,
        place.village_code AS village_code, product, count(*) AS newly_credited_households
    FROM newly GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product, count(*) AS drawn_households,
        sum(owed_yuan) AS drawn_yuan
    FROM owing GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, 'all' AS product,
        count(DISTINCT household_key) AS drawn_households, sum(owed_yuan) AS drawn_yuan
    FROM owing GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product, sum(amount_yuan) AS drawn_in_month_yuan
    FROM drawing GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product, count(*) AS contracts,
        count(*) FILTER (limit_yuan <= 100000) AS contracts_to_100k,
        count(*) FILTER (limit_yuan > 100000 AND limit_yuan < 200000) AS contracts_to_200k,
        count(*) FILTER (limit_yuan >= 200000) AS contracts_from_200k
    FROM contracted GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product,
        count(DISTINCT household_key) AS relief_offered_households,
        -- half up to whole fen, loan by loan: so it adds up
        sum((2 * balance_fen * rate_cut_bp * days + 3650000) // 7300000) AS relief_interest_fen
    FROM offered GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product,
        count(DISTINCT household_key) AS relief_kept_households
    FROM kept GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product,
        count(*) FILTER (is_answered) AS traders_answered,
        count(*) FILTER (is_answered AND is_in_time) AS traders_in_time,
        count(*) FILTER (NOT is_answered) AS traders_waiting
    FROM asked GROUP BY ALL
)
SELECT month, county_code, township_code, village_code, product,
    coalesce(sum(villages), 0) AS villages,
    CASE WHEN sum(villages) > 0 AND sum(credited_households) > 0 THEN 1 ELSE 0 END AS villages_covered,
    coalesce(sum(households), 0) AS households,
    coalesce(sum(credited_households), 0) AS credited_households,
    coalesce(sum(newly_credited_households), 0) AS newly_credited_households,
    coalesce(sum(in_force_yuan), 0) AS in_force_yuan,
    coalesce(sum(frozen_yuan), 0) AS frozen_yuan,
    coalesce(sum(drawn_households), 0) AS drawn_households,
    coalesce(sum(drawn_yuan), 0) AS drawn_yuan,
    coalesce(sum(drawn_in_month_yuan), 0) AS drawn_in_month_yuan,
    coalesce(sum(contracts), 0) AS contracts,
    coalesce(sum(contracts_to_100k), 0) AS contracts_to_100k,
    coalesce(sum(contracts_to_200k), 0) AS contracts_to_200k,
    coalesce(sum(contracts_from_200k), 0) AS contracts_from_200k,
    coalesce(sum(relief_offered_households), 0) AS relief_offered_households,
    coalesce(sum(relief_kept_households), 0) AS relief_kept_households,
    coalesce(sum(relief_interest_fen), 0) AS relief_interest_fen,
    coalesce(sum(traders_answered), 0) AS traders_answered,
    coalesce(sum(traders_in_time), 0) AS traders_in_time,
    coalesce(sum(traders_waiting), 0) AS traders_waiting
FROM pieces GROUP BY ALL
