-- A line and what somebody should look into, of its draws: owed_above_limit, or drawn_against_purpose; since when, how
-- much, yuan. `lines`: household_key, product, limit_yuan (0 or absent: nothing may be drawn); `owed`: household_key,
-- product, day, owed_yuan; `draws`: as they are sealed; `draw_purposes`: household_key, product, purpose, what keeps to
-- it; of a line that it does not name, and of a draw without a purpose, nothing is said.
WITH owing AS (
    SELECT household_key, product, arg_max(owed_yuan, day) AS owed_yuan FROM owed GROUP BY ALL
), beside AS (
    SELECT o.*, coalesce(l.limit_yuan, 0) AS limit_yuan
    FROM owing AS o LEFT JOIN lines AS l USING (household_key, product)
), within AS (  -- the last day at whose end no more was owed than the limit of today
    SELECT household_key, product, max(day) AS day
    FROM owed JOIN beside AS b USING (household_key, product) WHERE owed.owed_yuan <= b.limit_yuan GROUP BY ALL
), above AS (
    SELECT household_key, product, 'owed_above_limit' AS warning, min(o.day) AS since,
        b.owed_yuan - b.limit_yuan AS amount_yuan
    FROM beside AS b JOIN owed AS o USING (household_key, product) LEFT JOIN within AS w USING (household_key, product)
    WHERE b.owed_yuan > b.limit_yuan AND o.day > coalesce(w.day, DATE '0001-01-01') GROUP BY ALL
), against AS (
    SELECT household_key, product, drawn_on, amount_yuan
    FROM (SELECT household_key, product, drawn_on, purpose, sum(amount_yuan) AS amount_yuan
        FROM draws WHERE purpose IS NOT NULL GROUP BY ALL HAVING sum(amount_yuan) <> 0)
    WHERE (household_key, product) IN (SELECT (household_key, product) FROM draw_purposes)
        AND (household_key, product, purpose) NOT IN (SELECT (household_key, product, purpose) FROM draw_purposes)
)
FROM above
UNION ALL BY NAME
SELECT household_key, product, 'drawn_against_purpose' AS warning, min(drawn_on) AS since,
    sum(amount_yuan) AS amount_yuan
FROM against GROUP BY ALL
