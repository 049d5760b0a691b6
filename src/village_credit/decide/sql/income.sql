-- Yearly income (limit §2): crops by norm, cross-checked by delivery and by the book; the smaller counts.
CREATE TABLE crop_terms AS
SELECT c.unit_code, c.crop, c.declared, c.worked, c.delivered, n.crop IS NOT NULL AS has_norm,
       coalesce(n.net, 0) AS net, coalesce(n.cost, 0) AS cost, n.price, n.outturn,
       CASE WHEN n.crop IS NULL THEN 0 ELSE coalesce(n.scale, 0) END AS scale,
       c.worked * coalesce(n.net, 0) * 100 AS norm_e8,
       CASE WHEN c.delivered IS NOT NULL AND n.crop IS NOT NULL
            THEN c.delivered * n.outturn * n.price - c.worked * n.cost * 100 END AS delivery_e8
FROM crop_area AS c LEFT JOIN norms AS n USING (crop);

CREATE TABLE book_parts AS  -- of one year only, a part counts less
SELECT unit_code, CASE WHEN livestock_years = 1 THEN share(livestock, f.single_year_share) ELSE livestock END AS livestock,
       CASE WHEN wages_years = 1 THEN share(wages, f.single_year_share) ELSE wages END AS wages,
       CASE WHEN trade_years = 1 THEN share(trade, f.single_year_share) ELSE trade END AS trade,
       CASE WHEN transfers_years = 1 THEN share(transfers, f.single_year_share) ELSE transfers END AS transfers
FROM book_means, f;

CREATE TABLE income AS
WITH norm AS (
    SELECT unit_code, sum(CASE WHEN delivery_e8 IS NULL THEN norm_e8 ELSE least(norm_e8, delivery_e8) END) * 10000 AS e12,
           bool_or(delivery_e8 < norm_e8) AS by_delivery, bool_or(NOT has_norm) AS unknown_crop,
           bool_or(has_norm AND area IS NOT NULL) AS is_reckoned  -- without a norm or an area the nought is no income that anybody knows
    FROM crop_terms JOIN area USING (unit_code) GROUP BY unit_code
), joined AS (
    SELECT h.unit_code, CASE WHEN norm.e12 IS NOT NULL THEN greatest(0, norm.e12) END AS norm_e12, book_crop.e12 AS book_e12, norm.by_delivery, coalesce(norm.unknown_crop, false) AS unknown_crop,
           CASE WHEN norm.is_reckoned OR book_crop.e12 IS NOT NULL THEN least(CASE WHEN norm.e12 IS NOT NULL THEN greatest(0, norm.e12) END, CASE WHEN book_crop.e12 IS NOT NULL THEN greatest(0, book_crop.e12) END) END AS crop_e12, livestock, wages, trade, transfers
    FROM households AS h LEFT JOIN norm USING (unit_code) LEFT JOIN book_crop USING (unit_code) LEFT JOIN book_parts USING (unit_code)
), recognised AS (
    SELECT joined.*,
           share(coalesce(livestock, 0), f.recognised_livestock) AS livestock_e12, share(coalesce(wages, 0), f.recognised_wages) AS wages_e12,
           share(coalesce(trade, 0), f.recognised_trade) AS trade_e12, share(coalesce(transfers, 0), f.recognised_transfers) AS transfers_e12,
           coalesce(crop_e12, livestock, wages, trade, transfers) IS NOT NULL AS is_known
    FROM joined, f
)
SELECT unit_code, norm_e12, book_e12, crop_e12, unknown_crop, livestock_e12, wages_e12, trade_e12, transfers_e12,
       CASE WHEN crop_e12 IS NULL THEN NULL WHEN norm_e12 IS NULL OR book_e12 < norm_e12 THEN 'book'
            WHEN by_delivery THEN 'delivery' ELSE 'norm' END AS crop_income_source,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0) + livestock_e12 + wages_e12 + trade_e12 + transfers_e12) END AS income,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0) + livestock_e12 + trade_e12) END AS operating_income
FROM recognised;
