-- Who borrows, and which products a household might have (limit §5, §6).
CREATE TABLE exposures_mapped AS
SELECT e.*, n.product,
       CASE WHEN due_on IS NULL OR due_on <= $as_of THEN 1
            ELSE date_diff('year', $as_of::DATE, due_on) + CASE WHEN strftime(due_on, '%m%d') > strftime($as_of::DATE, '%m%d') THEN 1 ELSE 0 END END AS years_raw,
       greatest(1, years_raw) AS years
FROM exposures AS e LEFT JOIN product_names AS n ON n.product_name = e.product_name;

CREATE TABLE open_products AS  -- a doubtful link closes nothing and freezes nothing before it is confirmed
SELECT unit_code, product, sum(fen(balance_yuan)) AS balance_fen FROM exposures_mapped
WHERE product IS NOT NULL AND balance_yuan > 0 AND link_status <> 'provisional' GROUP BY unit_code, product;

CREATE TABLE perhaps_open AS  -- drawn or not, an unconfirmed link too: no second poverty loan on doubt
SELECT DISTINCT unit_code FROM exposures_mapped WHERE product = 'poverty_micro_loan' AND (balance_yuan > 0 OR credit_yuan > 0);

CREATE TABLE before_by_unit AS  -- our own limit in force, else a line that the bank had granted
WITH own AS (SELECT unit_code, product, fen(limit_yuan) AS limit_fen, term_months, valid_from, valid_to, true AS is_own FROM in_force),
running AS (  -- no line of ours runs for more than 36 months, whatever another system had written
    SELECT unit_code, n.product, fen(limit_yuan) AS limit_fen, starts_on AS valid_from,
           least(ends_on, CAST(starts_on + INTERVAL 36 MONTH AS DATE) - 1) AS valid_to
    FROM credit_lines AS c JOIN product_names AS n USING (product_name)
    WHERE starts_on < $as_of AND ends_on >= $as_of::DATE - 1
    QUALIFY row_number() OVER (PARTITION BY unit_code, n.product ORDER BY starts_on DESC, limit_yuan DESC, ends_on DESC) = 1
), loaded AS (
    SELECT unit_code, product, limit_fen, datesub('month', valid_from, valid_to + 1) AS term_months, valid_from, valid_to, false AS is_own FROM running
)  -- a line of ours that a review had stopped has limit 0: what the bank still holds of it then caps the rise
SELECT own.* REPLACE (coalesce(nullif(own.limit_fen, 0), loaded.limit_fen, own.limit_fen) AS limit_fen) FROM own LEFT JOIN loaded USING (unit_code, product)
UNION ALL SELECT loaded.* FROM loaded ANTI JOIN own USING (unit_code, product);

CREATE TABLE banded AS
SELECT h.unit_code, any_value(s.points) AS points, any_value(s.default_probability_ppm) AS ppm,
       CASE WHEN any_value(s.default_probability_ppm) IS NOT NULL THEN coalesce(min(e.band), 'E') END AS band
FROM households AS h LEFT JOIN scored AS s USING (unit_code)
LEFT JOIN band_edges AS e ON s.default_probability_ppm < e.below_ppm
GROUP BY h.unit_code;

CREATE TABLE had_poverty_loan AS
SELECT unit_code FROM conducts JOIN product_names AS n USING (product_name) WHERE n.product = 'poverty_micro_loan'
UNION
SELECT unit_code FROM credit_lines JOIN product_names AS n USING (product_name) WHERE n.product = 'poverty_micro_loan' AND ends_on < $as_of;

CREATE TABLE holds_poverty_loan AS  -- open at the bank, and not the line of ours that is scored again within its term
SELECT unit_code FROM perhaps_open ANTI JOIN (
    SELECT unit_code FROM in_force WHERE product = 'poverty_micro_loan' AND valid_to >= $as_of) USING (unit_code);

CREATE TABLE possible AS
SELECT unit_code, 'trader_loan' AS product, 1 AS preference FROM traders
UNION ALL
SELECT DISTINCT m.unit_code, 'poverty_micro_loan', 2 FROM monitored AS m ANTI JOIN holds_poverty_loan USING (unit_code)
WHERE household_type = '脱贫户' OR monitored_class IS NOT NULL
UNION ALL
SELECT h.unit_code, 'follow_on_loan', 3 FROM had_poverty_loan AS h ANTI JOIN perhaps_open USING (unit_code)
UNION ALL
SELECT unit_code, 'farmer_line', 4 FROM households;

CREATE TABLE wanted AS  -- a household needs its follow-on loan beside the next product, whose terms decide
SELECT p.unit_code, p.product, p.preference FROM possible AS p JOIN households USING (unit_code)
WHERE $product IS NULL OR p.product = $product
QUALIFY preference <= min(CASE WHEN p.product <> 'follow_on_loan' THEN preference ELSE 9 END) OVER (PARTITION BY p.unit_code);

CREATE TABLE borrowers AS
WITH aged AS (
    SELECT w.unit_code, w.product, m.member_no, m.relation, m.birth_date, p.age_cap,
           date_diff('year', birth_date, $as_of::DATE) - CASE WHEN strftime(birth_date, '%m%d') > strftime($as_of::DATE, '%m%d') THEN 1 ELSE 0 END AS age
    FROM wanted AS w JOIN members AS m USING (unit_code) JOIN products AS p USING (product)
    WHERE m.is_living AND m.is_resident AND m.has_valid_id AND m.birth_date IS NOT NULL
)
SELECT unit_code, product, member_no, age,
       CASE relation WHEN 'head' THEN 'BORROWER_HEAD' WHEN 'spouse' THEN 'BORROWER_SPOUSE' ELSE 'BORROWER_ELDEST' END AS reason
FROM aged WHERE age >= 18 AND age < age_cap
QUALIFY row_number() OVER (PARTITION BY unit_code, product
    ORDER BY CASE relation WHEN 'head' THEN 0 WHEN 'spouse' THEN 1 ELSE 2 END, birth_date, member_no) = 1;

CREATE TABLE candidates AS
SELECT w.unit_code, w.product, w.preference, s.band, s.ppm, b.member_no AS borrower_member_no, b.reason AS borrower_reason,
       before.limit_fen AS before_fen, coalesce(before.is_own AND before.valid_to >= $as_of, false) AS has_own_line,
       -- a line that ended the day before still caps the rise, but keeps no term
       CASE WHEN before.valid_to >= $as_of THEN before.valid_from END AS before_from, CASE WHEN before.valid_to >= $as_of THEN before.valid_to END AS before_to,
       coalesce(CASE WHEN before.valid_to >= $as_of THEN before.term_months END, least(36, bands.term, 12 * (p.age_cap - b.age)) // 12 * 12) AS term_months
FROM wanted AS w JOIN banded AS s USING (unit_code) JOIN products AS p USING (product)
LEFT JOIN bands ON bands.product = w.product AND bands.band = coalesce(s.band, 'E')
LEFT JOIN borrowers AS b ON b.unit_code = w.unit_code AND b.product = w.product
LEFT JOIN before_by_unit AS before ON before.unit_code = w.unit_code AND before.product = w.product;
