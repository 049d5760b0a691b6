-- The terms of the limit (limit §3) for each household and each product that it might have; whole yuan.
-- Every figure behind a term, for those who ask why.
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
FROM freed LEFT JOIN lineage_caps USING (unit_code), f
