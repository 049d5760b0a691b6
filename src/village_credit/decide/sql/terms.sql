-- The terms of the limit (limit §3) for each household and each product that it might have; whole yuan.
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

CREATE VIEW reckoned AS  -- every figure behind a term, for those who ask why
WITH based AS (
    SELECT c.* EXCLUDE (cap), i.* EXCLUDE (unit_code, book_e12),
           whole_yuan(coalesce(o.service_e12, 0)) AS existing_service, coalesce(o.unsecured_fen, 0) AS unsecured_fen,
           coalesce(m.fen_ppm, 0) AS machines_fen_ppm, t.applied_yuan,
           -- a grower's tier extends the line's cap
           CASE WHEN c.product = 'farmer_line' THEN greatest(c.cap, g.tier_cap) ELSE c.cap END AS cap
    FROM candidates AS c JOIN income AS i USING (unit_code)
    LEFT JOIN other_credit AS o ON o.unit_code = c.unit_code AND o.product = c.product
    LEFT JOIN machine_value AS m ON m.unit_code = c.unit_code
    LEFT JOIN traders AS t ON t.unit_code = c.unit_code LEFT JOIN growers AS g ON g.unit_code = c.unit_code
), served AS (
    SELECT based.*, share(income, f.stress) AS stressed, f.living_cost * persons AS living_need,
           CASE WHEN is_revolving THEN down(cost_e6 * f.self_liquidating_share, 1000000000000)
               ELSE 0 END AS working_capital,
           down(machines_fen_ppm + (sheep * f.sheep_value + cattle * f.cattle_value)
               * 100000000 + declared_fen * f.declared_asset_share, 100000000) AS verified_assets
    FROM based, f
), freed AS (
    SELECT served.*,
           CASE WHEN stressed IS NOT NULL  -- GREATEST would turn an unknown into 0
                THEN greatest(0, least(share(stressed, f.service_share), stressed - living_need) - existing_service)
                    END AS free_service,
           share(verified_assets, f.asset_share) AS asset_part,
               share(operating_income, f.operating_share) AS operating_part,
           down(scale_e6 * (1000000 + f.working_margin), 1000000000000) AS crop_need,
               sheep * f.sheep_need + cattle * f.cattle_need AS livestock_need
    FROM served, f
)
SELECT freed.*,
       down((free_service + working_capital) * permille, 1000) AS capacity,
       CASE WHEN income IS NULL OR band IS NULL THEN NULL WHEN band = 'E' THEN 0
           ELSE base + asset_part + operating_part END AS band_limit,
       CASE WHEN product = 'trader_loan' THEN coalesce(down(fen(applied_yuan), 100), 0)
           ELSE crop_need + livestock_need END AS need,
       down(least(cap, f.household_cap) * 100 - unsecured_fen, 100) AS headroom,
       -- on the day of a merge or split nothing rises above what the predecessors had; LEAST passes over nulls
       least(CASE WHEN rise_base_yuan > 0 THEN down(CAST(rise_base_yuan AS HUGEINT) * f.rise, 1000000) END,
           CAST(most_yuan AS HUGEINT)) AS rise,
       branch_yuan AS branch
FROM freed LEFT JOIN lineage_caps USING (unit_code), f;

CREATE TABLE terms AS  -- the figures that decide, no wider than a limit may be
SELECT unit_code, product, preference, band, ppm, CAST(income AS BIGINT) AS income,
    CAST(operating_income AS BIGINT) AS operating_income,
       CAST(capacity AS BIGINT) AS capacity, CAST(band_limit AS BIGINT) AS band_limit,
           CAST(need AS BIGINT) AS need, CAST(headroom AS BIGINT) AS headroom,
       CAST(rise AS BIGINT) AS rise, CAST(branch AS BIGINT) AS branch,
       borrower_member_no, CAST(standing_fen AS BIGINT) AS standing_fen,
           before_to IS NOT NULL AS keeps_term, term_months
FROM reckoned;
