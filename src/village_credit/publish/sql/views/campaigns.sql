-- A campaign's plan, purpose ('all': every one that it plans) and day of it up to the ledger's last act: drawn then and since its first day, beside the same days of the year before. Exact, for the house: only an export hides small counts
WITH latest AS (  -- a campaign of a year as the last published run has it that was handed one
    SELECT c.*
    FROM "inner".campaign_plans AS c
    JOIN (SELECT run_id, max(number) AS number FROM "inner".publications GROUP BY ALL) AS p USING (run_id)
    QUALIFY rank() OVER (PARTITION BY c.county_code, c.campaign, year(c.starts_on) ORDER BY p.number DESC) = 1
), windows AS (
    SELECT county_code, campaign, starts_on, ends_on, sum(planned_yuan) AS planned_yuan,
        bool_or(unread_purposes > 0) AS is_open, flatten(list(purposes)) AS purposes
    FROM latest GROUP BY ALL
), planned AS (  -- a plan of several purposes is not divided among them
    SELECT county_code, campaign, starts_on, ends_on, purpose,
        CASE WHEN bool_and(is_alone) THEN sum(planned_yuan) END AS planned_yuan
    FROM (SELECT *, unnest(purposes) AS purpose, len(purposes) = 1 AND unread_purposes = 0 AS is_alone FROM latest)
    GROUP BY ALL
), homes AS (
    SELECT d.household_key, arg_max(d.county_code, p.number) AS county_code
    FROM "inner".decisions AS d JOIN "inner".publications AS p USING (run_id)
    WHERE d.household_key IN (SELECT household_key FROM "inner".draws) GROUP BY ALL
), moves AS (
    SELECT s.county_code, s.campaign, s.starts_on, s.ends_on, coalesce(d.purpose, 'not_told') AS purpose, d.drawn_on,
        d.drawn_on BETWEEN s.starts_on AND s.ends_on AS is_now, d.amount_yuan,
        coalesce(s.is_open OR list_contains(s.purposes, d.purpose), false) AS is_counted
    FROM windows AS s JOIN homes AS h USING (county_code) JOIN "inner".draws_standing AS d USING (household_key)
    WHERE d.drawn_on BETWEEN s.starts_on AND s.ends_on
        OR d.drawn_on BETWEEN s.starts_on - INTERVAL 1 YEAR AND s.ends_on - INTERVAL 1 YEAR
), drawn AS (
    SELECT * EXCLUDE (is_counted) FROM moves
    UNION ALL BY NAME SELECT * EXCLUDE (is_counted, purpose), 'all' AS purpose FROM moves WHERE is_counted
), purposes AS (
    SELECT county_code, campaign, starts_on, ends_on, purpose FROM planned
    UNION SELECT county_code, campaign, starts_on, ends_on, purpose FROM drawn
    UNION SELECT county_code, campaign, starts_on, ends_on, 'all' FROM windows
), days AS (
    SELECT p.*, CAST(unnest(generate_series(p.starts_on::TIMESTAMP, least(p.ends_on, last.day)::TIMESTAMP,
        INTERVAL 1 DAY)) AS DATE) AS day
    FROM purposes AS p, "inner".last_day AS last
), summed AS (
    SELECT d.county_code, d.campaign, d.starts_on, d.ends_on, d.purpose, d.day,
        sum(m.amount_yuan) FILTER (m.is_now AND m.drawn_on = d.day) AS drawn_yuan,
        sum(m.amount_yuan) FILTER (m.is_now AND m.drawn_on <= d.day) AS drawn_to_date_yuan,
        -- 29 February is told beside no day, and counts in the sums after it
        sum(m.amount_yuan) FILTER (NOT m.is_now AND strftime(m.drawn_on, '%Y-%m-%d')
            = (year(d.day) - 1)::VARCHAR || strftime(d.day, '-%m-%d')) AS year_before_yuan,
        sum(m.amount_yuan) FILTER (NOT m.is_now AND m.drawn_on <= d.day - INTERVAL 1 YEAR) AS year_before_to_date_yuan
    FROM days AS d LEFT JOIN drawn AS m USING (county_code, campaign, starts_on, ends_on, purpose)
    GROUP BY ALL
)
SELECT u.county_code, u.campaign, u.starts_on, u.ends_on, u.purpose, u.day,
    u.purpose = 'all' OR p.purpose IS NOT NULL OR CASE WHEN s.is_open THEN NULL ELSE false END AS is_planned,
    CAST(CASE u.purpose WHEN 'all' THEN s.planned_yuan ELSE p.planned_yuan END AS DECIMAL(18, 2)) AS planned_yuan,
    CAST(coalesce(u.drawn_yuan, 0) AS DECIMAL(18, 2)) AS drawn_yuan,
    CAST(coalesce(u.drawn_to_date_yuan, 0) AS DECIMAL(18, 2)) AS drawn_to_date_yuan,
    CAST(coalesce(u.drawn_to_date_yuan, 0) AS DOUBLE) / nullif(CASE u.purpose WHEN 'all' THEN s.planned_yuan
        ELSE p.planned_yuan END, 0) AS drawn_share,
    CAST(coalesce(u.year_before_yuan, 0) AS DECIMAL(18, 2)) AS year_before_yuan,
    CAST(coalesce(u.year_before_to_date_yuan, 0) AS DECIMAL(18, 2)) AS year_before_to_date_yuan
FROM summed AS u JOIN windows AS s USING (county_code, campaign, starts_on, ends_on)
LEFT JOIN planned AS p USING (county_code, campaign, starts_on, ends_on, purpose)
ORDER BY county_code, starts_on, campaign, purpose, day
