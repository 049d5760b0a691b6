-- The product is chosen, and every reason that stands against a grant is kept in the order that decides (limit §6).
CREATE TABLE passed_over AS  -- a few households might have several products: the others' one needs no comparing
SELECT unit_code, product FROM (
    SELECT unit_code, product, product <> 'follow_on_loan' OR preference = 0
        OR coalesce(operating_income > 0 AND capacity > 0, false) AS applies,
           -- of two lines that a relief window keeps, the first product of the definition
           preference * product_count() + product_no(product) AS place
    FROM terms
    WHERE unit_code IN (SELECT unit_code FROM wanted GROUP BY unit_code HAVING count(*) > 1)
        OR product = 'follow_on_loan')
QUALIFY NOT applies OR row_number() OVER (PARTITION BY unit_code ORDER BY applies DESC, place) > 1;

CREATE VIEW chosen AS SELECT terms.* FROM terms ANTI JOIN passed_over USING (unit_code, product);

-- what stands against a household and the product that it is to have; a doubtful entry lets a person look
CREATE TABLE against AS
WITH entries AS (
    SELECT unit_code, colour, link_status = 'provisional' AS is_doubtful, stays_with_member, member_no
    FROM negatives_read WHERE counts
), concerned AS (
    SELECT unit_code, product, borrower_member_no FROM chosen
    WHERE unit_code IN (SELECT unit_code FROM entries UNION ALL SELECT unit_code FROM arrears_read
    UNION ALL SELECT unit_code FROM open_products UNION ALL SELECT unit_code FROM ended)
), every AS (
    SELECT unit_code, mark, 0 AS days FROM marks UNION ALL
    -- an entry that stays with its member counts where that member would borrow
    SELECT unit_code, 'doubtful', 0 FROM entries WHERE is_doubtful UNION ALL
    SELECT unit_code, colour, 0
    FROM entries JOIN concerned USING (unit_code)
    WHERE NOT is_doubtful AND (NOT stays_with_member OR member_no = borrower_member_no) UNION ALL
    SELECT unit_code, 'overdue', days
    FROM arrears_read JOIN concerned USING (unit_code)
    WHERE NOT stays_with_member OR member_no = borrower_member_no UNION ALL
    SELECT c.unit_code, 'other', 0
    FROM open_products AS o JOIN concerned AS c USING (unit_code) WHERE o.product <> c.product UNION ALL
    SELECT c.unit_code, 'ended', 0 FROM ended AS e JOIN concerned AS c USING (unit_code, product) UNION ALL
    SELECT unit_code, 'outside', 0 FROM households WHERE county_code NOT IN (SELECT county_code FROM service_area)
)
SELECT unit_code, list(DISTINCT mark) AS marks, max(days) AS days_overdue FROM every GROUP BY unit_code;

CREATE TABLE screened AS
WITH asked AS (  -- most households have nothing against them: the list is built for the others alone
    SELECT c.*, marks, coalesce(days_overdue, 0) AS days_overdue,
           marks IS NOT NULL OR borrower_member_no IS NULL OR coalesce(term_months < 12 AND NOT keeps_term, false)
               OR income IS NULL OR band IS NULL OR band = 'E' AS has_reason
    FROM chosen AS c LEFT JOIN against USING (unit_code)
)
-- which passes over nulls
SELECT * EXCLUDE (has_reason, marks, days_overdue), CASE WHEN has_reason THEN string_split(concat_ws(',',
        CASE WHEN 'held' IN marks THEN 'HELD' END, CASE WHEN 'withdrew' IN marks THEN 'CONSENT_WITHDRAWN' END, CASE
            WHEN 'related' IN marks THEN 'RELATED_PARTY' END,
        CASE WHEN 'black' IN marks THEN 'NEGATIVE_LIST' END, CASE WHEN days_overdue > 90 THEN 'OVERDUE_90' END, CASE
            WHEN 'lacking' IN marks THEN 'NO_LEGAL_BASIS' END,
        CASE WHEN days_overdue BETWEEN 1 AND 90 THEN 'OVERDUE' END, CASE WHEN 'outside' IN marks THEN 'OUT_OF_AREA' END,
        CASE WHEN borrower_member_no IS NULL THEN 'NO_BORROWER' END, CASE WHEN term_months < 12
            AND NOT keeps_term THEN 'AGE_TERM' END, CASE WHEN 'other' IN marks THEN 'OTHER_PRODUCT' END,
        CASE WHEN 'objects' IN marks THEN 'OBJECTION' END, CASE
            WHEN 'disputed' IN marks THEN 'DISPUTED_DATUM' END, CASE WHEN income IS NULL THEN 'NO_INCOME_SOURCE' END,
        CASE WHEN 'doubtful' IN marks THEN 'LINK_UNCONFIRMED' END,
        CASE WHEN 'recoded' IN marks THEN 'RECODED' END, CASE WHEN band IS NULL
            AND NOT coalesce('withdrew' IN marks, false) THEN 'NOT_SCORED' END,
        CASE WHEN band = 'E' AND product = 'trader_loan' THEN 'TRADER_MODEL_DECLINE'
            WHEN band = 'E' THEN 'LOWEST_BAND' END,
        -- last: who is refused anyway is told why
        CASE WHEN 'grey' IN marks THEN 'GREY_LIST' END, CASE WHEN 'ended' IN marks THEN 'RENEWAL_DUE' END
    ), ',') ELSE CAST([] AS VARCHAR[]) END AS reasons
FROM asked;
