-- Yearly income (limit §2): crops by norm, cross-checked by delivery and by the book; the smaller counts.
CREATE TABLE crop_terms AS
SELECT c.unit_code, c.crop, c.declared, c.worked, c.delivered, n.crop IS NOT NULL AS has_norm,
       coalesce(n.net, 0) AS net, coalesce(n.cost, 0) AS cost, n.price, n.outturn,
       CASE WHEN n.crop IS NULL THEN 0 ELSE coalesce(n.scale, 0) END AS scale,
       c.worked * coalesce(n.net, 0) * 100 AS norm_e8,
       CASE WHEN c.delivered IS NOT NULL AND n.crop IS NOT NULL
            THEN c.delivered * n.outturn * n.price - c.worked * n.cost * 100 END AS delivery_e8
FROM crop_area AS c LEFT JOIN norms AS n USING (crop);

CREATE TABLE recent_books AS
SELECT *, coalesce(planting_income_yuan, 0) + coalesce(livestock_income_yuan, 0) + coalesce(trade_income_yuan, 0) AS shared_income
FROM books WHERE in_latest_three_years(year, year($as_of::DATE));

CREATE TABLE book_crop AS
WITH yearly AS (
    SELECT unit_code, CASE WHEN shared_income = 0 THEN 0
        ELSE fen(planting_income_yuan) * 10000000000 - up(fen(production_cost_yuan) * fen(planting_income_yuan) * 10000000000, fen(shared_income)) END AS e12
    FROM recent_books WHERE planting_income_yuan IS NOT NULL AND production_cost_yuan IS NOT NULL
)
SELECT unit_code, down(sum(e12), count(*)) AS e12 FROM yearly GROUP BY unit_code;

CREATE TABLE book_parts AS
WITH long AS (
    SELECT unit_code, unnest(['livestock', 'wages', 'trade', 'transfers']) AS part,
           unnest([livestock_income_yuan, wage_income_yuan, trade_income_yuan, transfer_income_yuan]) AS yuan
    FROM recent_books
), means AS (
    SELECT unit_code, part, down(sum(fen(yuan)) * 10000000000, count(yuan)) AS e12, count(yuan) AS years
    FROM long WHERE yuan IS NOT NULL GROUP BY unit_code, part
)
SELECT unit_code, part, CASE WHEN years = 1 THEN down(e12 * f.single_year_share, 1000000) ELSE e12 END AS e12 FROM means, f;

CREATE TABLE income AS
WITH norm AS (
    SELECT unit_code, sum(CASE WHEN delivery_e8 IS NULL THEN norm_e8 ELSE least(norm_e8, delivery_e8) END) * 10000 AS e12,
           bool_or(delivery_e8 < norm_e8) AS by_delivery, bool_or(NOT has_norm) AS unknown_crop,
           bool_or(has_norm AND area IS NOT NULL) AS is_reckoned  -- without a norm or an area the nought is no income that anybody knows
    FROM crop_terms JOIN area USING (unit_code) GROUP BY unit_code
), parts AS (
    SELECT unit_code, max(e12) FILTER (part = 'livestock') AS livestock, max(e12) FILTER (part = 'wages') AS wages,
           max(e12) FILTER (part = 'trade') AS trade, max(e12) FILTER (part = 'transfers') AS transfers
    FROM book_parts GROUP BY unit_code
), joined AS (
    SELECT h.unit_code, CASE WHEN norm.e12 IS NOT NULL THEN greatest(0, norm.e12) END AS norm_e12, book_crop.e12 AS book_e12, norm.by_delivery, coalesce(norm.unknown_crop, false) AS unknown_crop,
           CASE WHEN norm.is_reckoned OR book_crop.e12 IS NOT NULL THEN least(CASE WHEN norm.e12 IS NOT NULL THEN greatest(0, norm.e12) END, CASE WHEN book_crop.e12 IS NOT NULL THEN greatest(0, book_crop.e12) END) END AS crop_e12, livestock, wages, trade, transfers
    FROM households AS h LEFT JOIN norm USING (unit_code) LEFT JOIN book_crop USING (unit_code) LEFT JOIN parts USING (unit_code)
), recognised AS (
    SELECT joined.*,
           down(coalesce(livestock, 0) * f.recognised_livestock, 1000000) AS livestock_e12, down(coalesce(wages, 0) * f.recognised_wages, 1000000) AS wages_e12,
           down(coalesce(trade, 0) * f.recognised_trade, 1000000) AS trade_e12, down(coalesce(transfers, 0) * f.recognised_transfers, 1000000) AS transfers_e12,
           coalesce(crop_e12, livestock, wages, trade, transfers) IS NOT NULL AS is_known
    FROM joined, f
)
SELECT unit_code, norm_e12, book_e12, crop_e12, unknown_crop, livestock_e12, wages_e12, trade_e12, transfers_e12,
       CASE WHEN crop_e12 IS NULL THEN NULL WHEN norm_e12 IS NULL OR book_e12 < norm_e12 THEN 'book'
            WHEN by_delivery THEN 'delivery' ELSE 'norm' END AS crop_income_source,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0) + livestock_e12 + wages_e12 + trade_e12 + transfers_e12) END AS income,
       CASE WHEN is_known THEN whole_yuan(coalesce(crop_e12, 0) + livestock_e12 + trade_e12) END AS operating_income
FROM recognised;
