-- Yearly income (limit §2): crops by norm, cross-checked by delivery and by the book; the smaller counts.
CREATE VIEW crop_terms AS
WITH residual AS (  -- what is left of the land may count as a crop
    SELECT unit_code, f.residual_crop AS crop, residue AS worked
    FROM known, f WHERE residue > 0 AND f.residual_crop IS NOT NULL
), crop_area AS (
    SELECT c.unit_code, crop, declared, delivered, c.worked + coalesce(r.worked, 0) AS worked FROM crop_scaled AS c
    LEFT JOIN residual AS r USING (unit_code, crop)
    UNION ALL SELECT unit_code, crop, 0, NULL, worked FROM residual ANTI JOIN crop_scaled USING (unit_code, crop)
)
SELECT c.unit_code, c.crop, c.declared, c.worked, c.delivered, n.crop IS NOT NULL AS has_norm,
       coalesce(n.net, 0) AS net, coalesce(n.cost, 0) AS cost, n.price, n.outturn,
       CASE WHEN n.crop IS NULL THEN 0 ELSE coalesce(n.scale, 0) END AS scale,
       c.worked * coalesce(n.net, 0) * 100 AS norm_e8,
       CASE WHEN c.delivered IS NOT NULL AND n.crop IS NOT NULL
            THEN c.delivered * n.outturn * n.price - c.worked * n.cost * 100 END AS delivery_e8
FROM crop_area AS c LEFT JOIN norms AS n USING (crop);

-- A year's rent of the land leased in, for as much of it as counts: what the list names, else the policy's of the crop
-- or of any; half a fen up.
CREATE TABLE rents_owed AS
WITH asked AS (
    SELECT unit_code, sum(CAST(coalesce(rent_fen, 0) AS HUGEINT) * 10000
            + coalesce(CAST(mu AS HUGEINT) * coalesce(r.rent, f.rent), 0)) AS fen_e4,
        bool_or(mu > 0 AND coalesce(r.rent, f.rent) IS NULL) AS is_unknown,
        bool_or(mu > 0 AND coalesce(r.rent, f.rent) IS NOT NULL) AS is_by_policy
    FROM rented LEFT JOIN rents AS r USING (crop), f GROUP BY unit_code
), part AS (
    SELECT asked.*, CASE WHEN area < register THEN area ELSE 1 END AS counted,
        CASE WHEN area < register THEN register ELSE 1 END AS whole
    FROM asked JOIN known USING (unit_code)
)
SELECT unit_code, is_unknown, is_by_policy,
    down(fen_e4 * 2 * counted + 10000 * CAST(whole AS HUGEINT), 20000 * CAST(whole AS HUGEINT)) AS rent_fen
FROM part;

CREATE TABLE crop_sums AS
SELECT unit_code,
    greatest(0, sum(CASE WHEN delivery_e8 IS NULL THEN norm_e8 ELSE least(norm_e8, delivery_e8) END) * 10000
        - coalesce(any_value(rent_fen), 0) * 10000000000) AS norm_e12,
       bool_or(delivery_e8 < norm_e8) AS by_delivery, bool_or(NOT has_norm) AS unknown_crop,
           bool_or(has_norm) AS has_norm,
       sum(worked * cost) AS cost_e6, sum(worked * scale) AS scale_e6
FROM crop_terms LEFT JOIN rents_owed USING (unit_code) GROUP BY unit_code;

CREATE VIEW income AS
-- without a norm or an area the nought of the crops is no income that anybody knows; of one year only, a part of
-- the books counts less
WITH settled AS (  -- a year of it; step by step, for a macro writes its argument out each time it reads it
    SELECT known.*, CASE WHEN turnover_months = 12 THEN turnover_fen * 10000000000
        WHEN turnover_months >= 6 THEN down(turnover_fen * 120000000000, turnover_months) END AS turnover_e12
    FROM known
), earned AS (
    SELECT settled.*, share(turnover_e12, f.trader_margin) AS margin_e12 FROM settled, f
), joined AS (
    SELECT k.unit_code, norm_e12, book_e12, by_delivery, coalesce(unknown_crop, false) AS unknown_crop,
        coalesce(cost_e6, 0) AS cost_e6, coalesce(scale_e6, 0) AS scale_e6,
           CASE WHEN (has_norm AND area IS NOT NULL)
               OR book_e12 IS NOT NULL THEN least(norm_e12, CASE WHEN book_e12 IS NOT NULL THEN greatest(0,
                   book_e12) END) END AS crop_e12,
           CASE WHEN livestock_years = 1 THEN share(livestock, f.single_year_share) ELSE livestock END AS livestock,
           CASE WHEN wages_years = 1 THEN share(wages, f.single_year_share) ELSE wages END AS wages,
           -- LEAST passes over nulls: of the book and of what was settled the smaller counts
           least(CASE WHEN trade_years = 1 THEN share(trade, f.single_year_share) ELSE trade END,
               CASE WHEN turnover_months = 12 THEN margin_e12 ELSE share(margin_e12, f.single_year_share) END) AS trade,
           CASE WHEN transfers_years = 1 THEN share(transfers, f.single_year_share) ELSE transfers END AS transfers
    FROM earned AS k LEFT JOIN crop_sums USING (unit_code), f
), vouched AS (  -- a person's word stands where a kind of income is not known, and only there
    SELECT unit_code, max(income_yuan) FILTER (kind = 'crops') AS crops, max(income_yuan)
        FILTER (kind = 'livestock') AS livestock,
        max(income_yuan) FILTER (kind = 'wages') AS wages, max(income_yuan) FILTER (kind = 'trade') AS trade
    FROM supplied, f WHERE stands(said_on, f.review_fact_months) GROUP BY unit_code
), filled AS (
    SELECT j.* REPLACE (
        coalesce(crop_e12, e12(v.crops)) AS crop_e12, coalesce(j.livestock, e12(v.livestock)) AS livestock,
        coalesce(j.wages, e12(v.wages)) AS wages, coalesce(j.trade, e12(v.trade)) AS trade),
        crop_e12 IS NULL AND v.crops IS NOT NULL AS is_crop_supplied
    FROM joined AS j LEFT JOIN vouched AS v USING (unit_code)
), recognised AS (
    SELECT filled.*,
           share(coalesce(livestock, 0), f.recognised_livestock) AS livestock_e12,
               share(coalesce(wages, 0), f.recognised_wages) AS wages_e12,
           share(coalesce(trade, 0), f.recognised_trade) AS trade_e12,
               share(coalesce(transfers, 0), f.recognised_transfers) AS transfers_e12,
           coalesce(crop_e12, livestock, wages, trade, transfers) IS NOT NULL AS is_known
    FROM filled, f
)
SELECT unit_code, norm_e12, book_e12, crop_e12, unknown_crop, cost_e6, scale_e6, livestock_e12, wages_e12,
    trade_e12, transfers_e12,
       CASE WHEN crop_e12 IS NULL THEN NULL WHEN is_crop_supplied THEN 'review'
            WHEN norm_e12 IS NULL OR book_e12 < norm_e12 THEN 'book'
            WHEN by_delivery THEN 'delivery' ELSE 'norm' END AS crop_income_source,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0)
           + livestock_e12 + wages_e12 + trade_e12 + transfers_e12) END AS income,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0) + livestock_e12 + trade_e12) END AS operating_income
FROM recognised;
