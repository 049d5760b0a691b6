-- Who borrows, and which products a household might have (limit §5, §6).
CREATE TABLE exposures_mapped AS
SELECT e.*, n.product FROM loans_open AS e LEFT JOIN product_names AS n ON n.product_name = e.product_name;

CREATE TABLE own_lines AS  -- in force the day before, with what the core system told of draws since the bank's list
SELECT unit_code, product, fen(max(limit_yuan)) AS limit_fen, fen(coalesce(max(drawn_yuan), 0)) AS told_fen,
    max(valid_to) AS valid_to
FROM in_force GROUP BY unit_code, product;

CREATE TABLE open_products AS  -- a doubtful link closes nothing and freezes nothing before it is confirmed
SELECT unit_code, product, greatest(listed_fen, told_fen) AS balance_fen  -- GREATEST passes over nulls
FROM (SELECT unit_code, product, sum(balance_fen) AS listed_fen FROM exposures_mapped
      WHERE product IS NOT NULL AND balance_fen > 0 AND link_status <> 'provisional' GROUP BY unit_code, product)
FULL JOIN (SELECT unit_code, product, told_fen FROM own_lines WHERE told_fen > 0) USING (unit_code, product);

CREATE TABLE perhaps_open AS  -- drawn or not, an unconfirmed link too: no second poverty loan on doubt
SELECT DISTINCT unit_code
FROM exposures_mapped WHERE product = 'poverty_micro_loan' AND (balance_fen > 0 OR credit_fen > 0)
UNION SELECT unit_code FROM own_lines WHERE product = 'poverty_micro_loan' AND told_fen > 0
UNION SELECT unit_code FROM closed_lines WHERE product = 'poverty_micro_loan' AND owed_yuan > 0;

CREATE TABLE before_by_unit AS  -- our own limit in force, else a line that the bank had granted
WITH own AS (SELECT unit_code, product, fen(limit_yuan) AS limit_fen, term_months, valid_from, valid_to,
    true AS is_own FROM in_force),
running AS (  -- no line of ours runs for more than 36 months, whatever another system had written
    SELECT unit_code, n.product, fen(limit_yuan) AS limit_fen, starts_on AS valid_from,
           least(ends_on, CAST(starts_on + INTERVAL 36 MONTH AS DATE) - 1) AS valid_to
    FROM credit_lines AS c JOIN product_names AS n USING (product_name)
    WHERE starts_on < as_of() AND ends_on >= as_of() - 1
    QUALIFY row_number() OVER (PARTITION BY unit_code, n.product ORDER BY starts_on DESC, limit_yuan DESC,
        ends_on DESC) = 1
), loaded AS (
    SELECT unit_code, product, limit_fen, datesub('month', valid_from, valid_to + 1) AS term_months, valid_from,
        valid_to, false AS is_own FROM running
)  -- a line of ours that a review had stopped has limit 0: what the bank still holds of it is in force
SELECT own.* REPLACE (coalesce(nullif(own.limit_fen, 0), loaded.limit_fen, own.limit_fen) AS limit_fen),
    own.limit_fen AS standing_fen FROM own LEFT JOIN loaded USING (unit_code, product)
UNION ALL  -- what the bank still shows of a household that we have decided since is a line withdrawn
SELECT loaded.*, CASE WHEN unit_code IN (SELECT unit_code FROM decided_before) THEN 0 ELSE limit_fen END
FROM loaded ANTI JOIN own USING (unit_code, product);

CREATE TABLE had_poverty_loan AS  -- by what the bank tells, or by a line of ours that ended yesterday
SELECT unit_code FROM loan_names JOIN product_names AS n USING (product_name) WHERE n.product = 'poverty_micro_loan'
UNION
SELECT unit_code
FROM credit_lines JOIN product_names AS n USING (product_name)
WHERE n.product = 'poverty_micro_loan' AND ends_on < as_of()
UNION
SELECT unit_code FROM in_force WHERE product = 'poverty_micro_loan' AND valid_to < as_of();


CREATE TABLE holds_poverty_loan AS  -- open at the bank, and not the line of ours that is scored again within its term
SELECT unit_code FROM perhaps_open ANTI JOIN (
    SELECT unit_code FROM in_force WHERE product = 'poverty_micro_loan' AND valid_to >= as_of()) USING (unit_code);

CREATE TABLE watched AS  -- whom the list names; a day on which somebody leaves goes before the flag that he has
SELECT unit_code, household_type IN ('脱贫户', '防止返贫致贫对象') OR monitored_class IS NOT NULL AS is_object,
    coalesce(left_on <= as_of(), has_left, false) AS has_left
FROM monitored;

CREATE TABLE possible AS
-- in a relief window nobody loses a line to another product
SELECT unit_code, product, 0 AS preference FROM before_by_unit
SEMI JOIN affected USING (unit_code) WHERE valid_to >= as_of() AND standing_fen > 0
UNION ALL  -- and nowhere while something of it is owed: that product stays
SELECT unit_code, product, 0 FROM own_lines SEMI JOIN open_products USING (unit_code, product) WHERE valid_to >= as_of()
UNION ALL
SELECT unit_code, 'trader_loan', 1 FROM traders
UNION ALL
SELECT DISTINCT w.unit_code, 'poverty_micro_loan', 2 FROM watched AS w ANTI JOIN holds_poverty_loan USING (unit_code)
WHERE is_object AND NOT has_left
UNION ALL  -- who left keeps the line that he has, on its terms
SELECT unit_code, product, 2 FROM in_force SEMI JOIN (FROM watched WHERE has_left) USING (unit_code)
WHERE product = 'poverty_micro_loan' AND valid_to >= as_of()
UNION ALL
SELECT h.unit_code, 'follow_on_loan', 3 FROM had_poverty_loan AS h ANTI JOIN perhaps_open USING (unit_code);

-- a household needs its follow-on loan beside the next product, whose terms decide; most have one product only
CREATE TABLE wanted AS
WITH several AS (
    SELECT unit_code, product, min(preference) AS preference
    FROM (FROM possible UNION ALL SELECT unit_code, 'farmer_line', 4 FROM (SELECT DISTINCT unit_code FROM possible))
    SEMI JOIN households USING (unit_code)
    WHERE getvariable('product') IS NULL OR product = getvariable('product')
    GROUP BY unit_code, product
    QUALIFY min(preference) <= min(CASE WHEN product <> 'follow_on_loan' THEN min(preference) ELSE 9 END)
        OVER (PARTITION BY unit_code)
)
FROM several
UNION ALL
SELECT unit_code, 'farmer_line', 4
FROM households ANTI JOIN possible USING (unit_code)
WHERE getvariable('product') IS NULL OR getvariable('product') = 'farmer_line';

-- where it is not the first of the adults: who is under the product's age cap, and who is refused alone is passed
-- over
CREATE TABLE borrowers AS
WITH asked AS (
    SELECT w.unit_code, w.product, p.age_cap
    FROM wanted AS w JOIN known AS k USING (unit_code) JOIN products AS p USING (product)
    WHERE first_age >= p.age_cap OR unit_code IN (SELECT unit_code FROM marked)
)
SELECT w.unit_code, w.product, min_by(a.member_no, a.turn) AS member_no, min_by(a.age, a.turn) AS age,
    min_by(relation, a.turn) AS relation
FROM (SELECT adults.*, coalesce(mark, 0) * 1000000 + place AS turn FROM adults LEFT JOIN marked USING (unit_code,
    member_no)) AS a
JOIN asked AS w ON a.unit_code = w.unit_code AND a.age < w.age_cap
GROUP BY w.unit_code, w.product;

CREATE TABLE offers AS  -- what a product offers in a band, found by one whole number
SELECT product_no(product) * band_count() + band_no(band) AS offer_no, band, base, term, p.cap, p.age_cap,
       p.is_revolving,
       any_value(permille) FILTER (years = 1) AS permille_1, any_value(permille) FILTER (years = 2) AS permille_2,
           any_value(permille) FILTER (years = 3) AS permille_3
FROM bands JOIN products AS p USING (product) JOIN annuities USING (product, band)
GROUP BY ALL;

CREATE VIEW candidates AS
WITH banded AS (
    SELECT w.unit_code, w.product, w.preference, product_no(w.product) AS product_no, k.* EXCLUDE (unit_code),
           CASE WHEN ppm < edge.a THEN 0 WHEN ppm < edge.b THEN 1 WHEN ppm < edge.c THEN 2 WHEN ppm < edge.d THEN 3
               WHEN ppm IS NOT NULL THEN band_count() - 1 END AS band_no
    FROM wanted AS w JOIN known AS k USING (unit_code),
         (SELECT max(below_ppm) FILTER (band = 'A') AS a, max(below_ppm) FILTER (band = 'B') AS b, max(below_ppm)
             FILTER (band = 'C') AS c, max(below_ppm) FILTER (band = 'D') AS d
          FROM band_edges) AS edge
), termed AS (
    SELECT s.*, CASE WHEN band_no IS NOT NULL THEN o.band END AS band, CASE
        WHEN band_no IS NOT NULL THEN o.base END AS base, o.cap, o.is_revolving, o.permille_1, o.permille_2,
            o.permille_3,
           CASE WHEN b.unit_code IS NOT NULL THEN b.member_no
               WHEN first_age < o.age_cap THEN first_member_no END AS borrower_member_no,
           CASE WHEN b.unit_code IS NOT NULL THEN b.relation
               WHEN first_age < o.age_cap THEN first_relation END AS borrower_relation,
           CASE WHEN b.unit_code IS NOT NULL THEN b.age WHEN first_age < o.age_cap THEN first_age END AS borrower_age,
           before.limit_fen AS before_fen, rb.base_yuan AS rise_base_yuan,
           CASE WHEN stands(bw.said_on, f.branch_word_months) THEN bw.said_yuan END AS branch_yuan,
           -- of the line that runs on today
           CASE WHEN before.valid_to >= as_of() THEN before.standing_fen END AS standing_fen,
           -- a line that ended the day before, or whose renewal is signed, keeps no term
           coalesce(before.valid_to >= as_of(), false) AS runs, runs
               AND r.unit_code IS NULL AS keeps_term, coalesce(before.is_own AND runs, false) AS has_own_line,
           CASE WHEN keeps_term THEN before.valid_from END AS before_from, CASE
               WHEN keeps_term THEN before.valid_to END AS before_to,
           CASE WHEN runs THEN before.valid_from END AS running_from, CASE
               WHEN runs THEN before.valid_to END AS running_to, CASE
                   WHEN runs THEN before.term_months END AS running_months,
           coalesce(CASE WHEN keeps_term THEN before.term_months END, least(36, o.term,
               12 * (o.age_cap - borrower_age)) // 12 * 12) AS months
    FROM banded AS s JOIN offers AS o
        ON o.offer_no = s.product_no * band_count() + coalesce(s.band_no, band_count() - 1)
    LEFT JOIN borrowers AS b ON b.unit_code = s.unit_code AND b.product = s.product
    LEFT JOIN before_by_unit AS before ON before.unit_code = s.unit_code AND before.product = s.product
    LEFT JOIN renewed AS r ON r.unit_code = s.unit_code AND r.product = s.product
    LEFT JOIN rise_bases AS rb ON rb.unit_code = s.unit_code AND rb.product = s.product
    LEFT JOIN branch_words AS bw ON bw.unit_code = s.unit_code AND bw.product = s.product, f
)
SELECT * EXCLUDE (months, permille_1, permille_2, permille_3), months AS term_months,
       CASE WHEN band_no IS NULL THEN NULL WHEN coalesce(months, 12) < 24 THEN permille_1
           WHEN months < 36 THEN permille_2 ELSE permille_3 END AS permille
FROM termed;
