-- A village, product and month: by how much what is owed at its end, and what was drawn in it, differ from the month
-- before's; of 'all', what its sum over products counts too often. A household of one contract that never moved house,
-- as most are, is looked at where something of it moved; all others at each month's end, by the one reckoning of
-- balances
WITH span AS (
    SELECT min(month) AS first_month, max(counted_on) AS last_on FROM "inner".months
), moves AS (
    SELECT household_key, product, contract_key, drawn_on AS day, -amount_yuan AS paid_yuan, amount_yuan AS drawn_yuan
    FROM "inner".draws
    UNION ALL SELECT household_key, product, contract_key, paid_on, amount_yuan, 0 FROM "inner".repayments
), contracts AS (  -- of a day draws come first
    SELECT household_key, product,
        list_sort(list({{'day': day, 'paid_yuan': paid_yuan, 'drawn_yuan': drawn_yuan}})) AS moves
    FROM moves, span WHERE day <= last_on GROUP BY household_key, product, contract_key
), homes AS (
    SELECT DISTINCT county_code, township_code, village_code, household_key FROM "inner".decisions
    SEMI JOIN "inner".publications USING (run_id) SEMI JOIN "inner".draws USING (household_key)
), placed AS MATERIALIZED (
    FROM contracts JOIN homes USING (household_key)
), apart AS (
    SELECT household_key FROM placed GROUP BY ALL HAVING count(*) > 1
), ordered AS (
    SELECT county_code, township_code, village_code, product,
        list_transform(moves, lambda m: greatest(CAST(date_trunc('month', m.day) AS DATE), first_month)) AS months,
        list_transform(moves, lambda m: m.paid_yuan) AS paid,
        list_transform(moves, lambda m: CASE WHEN m.day < first_month THEN 0 ELSE m.drawn_yuan END) AS drawn
    FROM placed ANTI JOIN apart USING (household_key), span
), ended AS (  -- the last move of each month
    SELECT *, list_filter(range(1, len(months) + 1),
        lambda i: i = len(months) OR months[i] < months[i + 1]) AS ends
    FROM ordered
), balanced AS (  -- what was repaid beyond what is owed pays no later draw
    SELECT *, list_prepend(0, list_transform(ends, lambda e: list_reduce(paid[1:e],
        lambda owed, yuan: CAST(greatest(owed - yuan, 0) AS DECIMAL(18, 2)), 0))) AS owed
    FROM ended
), steps AS (
    SELECT county_code, township_code, village_code, product, unnest(list_transform(ends, lambda e, i: {{
        'month': months[e], 'households': (owed[i + 1] > 0)::INT - (owed[i] > 0)::INT, 'yuan': owed[i + 1] - owed[i],
        'drawn': list_sum(drawn[CASE WHEN i = 1 THEN 1 ELSE ends[i - 1] + 1 END:e])}})) AS s
    FROM balanced
), changes AS MATERIALIZED (
    SELECT s.month AS month, county_code, township_code, village_code, product,
        sum(s.households) AS drawn_households, sum(s.yuan) AS drawn_yuan, sum(s.drawn) AS drawn_in_month_yuan
    FROM steps GROUP BY ALL
), draws AS (
    FROM "inner".draws SEMI JOIN apart USING (household_key)
), repayments AS (
    FROM "inner".repayments SEMI JOIN apart USING (household_key)
), spans AS (
    SELECT *, lead(day) OVER (PARTITION BY household_key, product ORDER BY day) AS until_on FROM ({owed})
), places AS (
    FROM ({places})
), owing AS (
    SELECT m.month, p.county_code, p.township_code, p.village_code, s.product, s.household_key, s.owed_yuan
    FROM spans AS s JOIN "inner".months AS m
        ON s.day <= m.counted_on AND m.counted_on < coalesce(s.until_on, DATE '9999-12-31')
    JOIN places AS p
        ON p.household_key = s.household_key AND p.from_on <= m.counted_on AND m.counted_on < p.until_on
    WHERE s.owed_yuan > 0
), drawing AS (
    SELECT m.month, p.county_code, p.township_code, p.village_code, d.product, sum(d.amount_yuan) AS drawn_in_month_yuan
    FROM draws AS d JOIN "inner".months AS m ON d.drawn_on BETWEEN m.month AND m.counted_on
    JOIN places AS p
        ON p.household_key = d.household_key AND p.from_on <= m.counted_on AND m.counted_on < p.until_on
    GROUP BY ALL
), monthly AS MATERIALIZED (  -- of each month, as the next one does not have it
    SELECT month, county_code, township_code, village_code, product, drawn_in_month_yuan
    FROM (FROM drawing UNION ALL BY NAME FROM changes)
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, product, count(*) AS drawn_households,
        sum(owed_yuan) AS drawn_yuan
    FROM owing GROUP BY ALL
    UNION ALL BY NAME
    SELECT month, county_code, township_code, village_code, 'all' AS product,
        count(DISTINCT household_key) - count(*) AS drawn_households
    FROM owing GROUP BY ALL
)
SELECT * EXCLUDE (drawn_in_month_yuan) FROM changes
UNION ALL BY NAME FROM monthly
UNION ALL BY NAME
SELECT CAST(month + INTERVAL 1 MONTH AS DATE) AS month, county_code, township_code, village_code, product,
    -drawn_households AS drawn_households, -drawn_yuan AS drawn_yuan, -drawn_in_month_yuan AS drawn_in_month_yuan
FROM monthly
