-- The terms of the limit (limit §3) for each household and each product that it might have; whole yuan.
CREATE TABLE other_credit AS
SELECT c.unit_code, c.product,
       sum(down(balance_fen * 10000000000, years) + down(balance_fen * f.existing_rate * 10000, 1)) AS service_e12,
       sum(CASE WHEN is_unsecured THEN greatest(credit_fen, balance_fen) ELSE 0 END) AS unsecured_fen
FROM candidates AS c JOIN exposures_mapped AS e ON e.unit_code = c.unit_code AND e.product IS DISTINCT FROM c.product, f
GROUP BY c.unit_code, c.product;

CREATE TABLE machine_value AS  -- yuan in units of fen × millionths
SELECT unit_code, sum(price_fen * greatest(0, 1000000 - f.depreciation * years)) AS fen_ppm FROM machines_owned, f GROUP BY unit_code;

CREATE TABLE crop_sums AS
SELECT unit_code, sum(worked * cost) AS cost_e6, sum(worked * scale) AS scale_e6 FROM crop_terms GROUP BY unit_code;

CREATE TABLE terms AS
WITH based AS (
    SELECT c.*, h.persons_register, b.base, i.income, i.operating_income,
           greatest(h.persons_register, coalesce(heads.book_persons, 0)) AS persons,
           coalesce(heads.sheep, 0) AS sheep, coalesce(heads.cattle, 0) AS cattle,
           whole_yuan(coalesce(o.service_e12, 0)) AS existing_service, coalesce(o.unsecured_fen, 0) AS unsecured_fen,
           coalesce(s.cost_e6, 0) AS cost_e6, coalesce(s.scale_e6, 0) AS scale_e6, coalesce(m.fen_ppm, 0) AS machines_fen_ppm,
           coalesce(fen(heads.assets_yuan), 0) AS declared_fen, t.applied_yuan, a.permille, p.is_revolving,
           CASE WHEN c.product = 'farmer_line' THEN greatest(p.cap, g.tier_cap) ELSE p.cap END AS cap  -- a grower's tier extends the line's cap
    FROM candidates AS c JOIN households AS h USING (unit_code) JOIN income AS i USING (unit_code)
    JOIN products AS p USING (product) LEFT JOIN bands AS b ON b.product = c.product AND b.band = c.band
    LEFT JOIN annuities AS a ON a.product = c.product AND a.band = c.band AND a.years = least(3, greatest(1, coalesce(c.term_months, 12) // 12))
    LEFT JOIN other_credit AS o ON o.unit_code = c.unit_code AND o.product = c.product
    LEFT JOIN crop_sums AS s ON s.unit_code = c.unit_code LEFT JOIN machine_value AS m ON m.unit_code = c.unit_code
    LEFT JOIN heads ON heads.unit_code = c.unit_code LEFT JOIN traders AS t ON t.unit_code = c.unit_code LEFT JOIN growers AS g ON g.unit_code = c.unit_code
), served AS (
    SELECT based.*, share(income, f.stress) AS stressed, f.living_cost * persons AS living_need,
           CASE WHEN is_revolving THEN down(cost_e6 * f.self_liquidating_share, 1000000000000) ELSE 0 END AS working_capital,
           down(machines_fen_ppm + (sheep * f.sheep_value + cattle * f.cattle_value) * 100000000 + declared_fen * f.declared_asset_share, 100000000) AS verified_assets
    FROM based, f
), freed AS (
    SELECT served.*,
           CASE WHEN stressed IS NOT NULL  -- GREATEST would turn an unknown into 0
                THEN greatest(0, least(share(stressed, f.service_share), stressed - living_need) - existing_service) END AS free_service,
           share(verified_assets, f.asset_share) AS asset_part, share(operating_income, f.operating_share) AS operating_part,
           down(scale_e6 * (1000000 + f.working_margin), 1000000000000) AS crop_need, sheep * f.sheep_need + cattle * f.cattle_need AS livestock_need
    FROM served, f
)
SELECT freed.* EXCLUDE (cost_e6, scale_e6, machines_fen_ppm, declared_fen),
       down((free_service + working_capital) * permille, 1000) AS capacity,
       CASE WHEN income IS NULL OR band IS NULL THEN NULL WHEN band = 'E' THEN 0 ELSE base + asset_part + operating_part END AS band_limit,
       CASE WHEN product = 'trader_loan' THEN coalesce(down(fen(applied_yuan), 100), 0) ELSE crop_need + livestock_need END AS need,
       down(least(cap, f.household_cap) * 100 - unsecured_fen, 100) AS headroom,
       CASE WHEN coalesce(before_fen, 0) > 0 THEN down(before_fen * f.rise, 100000000) END AS rise
FROM freed, f;
