-- The product is chosen, and every reason that stands against a grant is kept in the order that decides (limit §6).
CREATE TABLE passed_over AS  -- a few households might have several products: the others' one needs no comparing
SELECT unit_code, product FROM (
    SELECT unit_code, product, product <> 'follow_on_loan' OR preference = 0 OR coalesce(operating_income > 0 AND capacity > 0, false) AS applies,
           -- of two lines that a relief window keeps, the first product of the definition
           preference * 4 + CASE product WHEN 'trader_loan' THEN 0 WHEN 'poverty_micro_loan' THEN 1 WHEN 'follow_on_loan' THEN 2 ELSE 3 END AS place
    FROM terms WHERE unit_code IN (SELECT unit_code FROM wanted GROUP BY unit_code HAVING count(*) > 1) OR product = 'follow_on_loan')
QUALIFY NOT applies OR row_number() OVER (PARTITION BY unit_code ORDER BY applies DESC, place) > 1;

CREATE VIEW chosen AS SELECT terms.* FROM terms ANTI JOIN passed_over USING (unit_code, product);

CREATE TABLE doubtful AS
SELECT unit_code FROM doubtful_loans UNION
SELECT unit_code FROM negatives_read WHERE counts AND link_status = 'provisional';

CREATE TABLE listed AS  -- an entry that stays with its member counts where that member would borrow
SELECT DISTINCT unit_code, colour FROM negatives_read JOIN chosen USING (unit_code)
WHERE counts AND link_status <> 'provisional' AND (NOT stays_with_member OR member_no = borrower_member_no);

CREATE TABLE overdue AS
SELECT unit_code, max(days) AS days FROM arrears_read JOIN chosen USING (unit_code)
WHERE NOT stays_with_member OR member_no = borrower_member_no GROUP BY unit_code;

CREATE TABLE outside AS SELECT unit_code FROM households WHERE county_code NOT IN (SELECT county_code FROM service_area);

CREATE TABLE screened AS
WITH flags AS (
    SELECT c.*,
           EXISTS (SELECT 1 FROM held WHERE held.unit_code = c.unit_code) AS is_held,  -- stopped by a person, until released
           EXISTS (SELECT 1 FROM objections AS o WHERE o.unit_code = c.unit_code AND objection_type = '撤回同意' AND is_contested IS NOT TRUE) AS withdrew,
           -- a withdrawal by a number of two households declines neither and scores neither: a person looks whose it is
           EXISTS (SELECT 1 FROM objections AS o WHERE o.unit_code = c.unit_code AND objection_type <> '数据异议' AND (objection_type <> '撤回同意' OR is_contested IS TRUE)) AS objects,
           EXISTS (SELECT 1 FROM related_parties AS r WHERE r.unit_code = c.unit_code AND link_status <> 'provisional') AS is_related,
           EXISTS (SELECT 1 FROM listed AS l WHERE l.unit_code = c.unit_code AND colour = 'black') AS is_listed,
           EXISTS (SELECT 1 FROM listed AS l WHERE l.unit_code = c.unit_code AND colour = 'grey') AS is_grey,
           EXISTS (SELECT 1 FROM doubtful WHERE doubtful.unit_code = c.unit_code) AS is_doubtful,
           EXISTS (SELECT 1 FROM lacking WHERE lacking.unit_code = c.unit_code) AS lacks_basis,
           EXISTS (SELECT 1 FROM unsettled WHERE unsettled.unit_code = c.unit_code) AS is_disputed,
           EXISTS (SELECT 1 FROM open_products AS o WHERE o.unit_code = c.unit_code AND o.product <> c.product AND o.balance_fen > 0) AS has_other,
           coalesce((SELECT days FROM overdue WHERE overdue.unit_code = c.unit_code), 0) AS days_overdue,
           EXISTS (SELECT 1 FROM ended AS e WHERE e.unit_code = c.unit_code AND e.product = c.product) AS is_ended,
           NOT EXISTS (SELECT 1 FROM outside WHERE outside.unit_code = c.unit_code) AS in_area
    FROM chosen AS c
), asked AS (  -- most households have nothing against them: the list is built for the others alone
    SELECT *, is_held OR withdrew OR objects OR is_related OR is_listed OR is_grey OR is_doubtful OR lacks_basis OR is_disputed OR has_other OR days_overdue > 0
              OR is_ended OR NOT in_area OR borrower_member_no IS NULL OR coalesce(term_months < 12 AND before_to IS NULL, false)
              OR income IS NULL OR band IS NULL OR band = 'E' AS has_reason
    FROM flags
), told AS (
    SELECT * EXCLUDE (has_reason), CASE WHEN has_reason THEN string_split(concat_ws(',',  -- which passes over nulls
        CASE WHEN is_held THEN 'HELD' END, CASE WHEN withdrew THEN 'CONSENT_WITHDRAWN' END, CASE WHEN is_related THEN 'RELATED_PARTY' END, CASE WHEN is_listed THEN 'NEGATIVE_LIST' END,
        CASE WHEN days_overdue > 90 THEN 'OVERDUE_90' END, CASE WHEN lacks_basis THEN 'NO_LEGAL_BASIS' END,
        CASE WHEN days_overdue BETWEEN 1 AND 90 THEN 'OVERDUE' END, CASE WHEN NOT in_area THEN 'OUT_OF_AREA' END,
        CASE WHEN borrower_member_no IS NULL THEN 'NO_BORROWER' END, CASE WHEN term_months < 12 AND before_to IS NULL THEN 'AGE_TERM' END, CASE WHEN has_other THEN 'OTHER_PRODUCT' END,
        CASE WHEN objects THEN 'OBJECTION' END, CASE WHEN is_disputed THEN 'DISPUTED_DATUM' END, CASE WHEN income IS NULL THEN 'NO_INCOME_SOURCE' END,
        CASE WHEN is_doubtful THEN 'LINK_UNCONFIRMED' END, CASE WHEN band IS NULL AND NOT withdrew THEN 'NOT_SCORED' END,
        CASE WHEN band = 'E' AND product = 'trader_loan' THEN 'TRADER_MODEL_DECLINE' WHEN band = 'E' THEN 'LOWEST_BAND' END,
        CASE WHEN is_grey THEN 'GREY_LIST' END, CASE WHEN is_ended THEN 'RENEWAL_DUE' END  -- last: who is refused anyway is told why
    ), ',') ELSE CAST([] AS VARCHAR[]) END AS reasons
    FROM asked
)
SELECT unit_code, product, income, band, ppm, capacity, band_limit, need, headroom, rise, borrower_member_no, borrower_reason,
       standing_fen, before_from, before_to, has_own_line, term_months, reasons,
       CASE WHEN len(reasons) = 0 THEN 'white' WHEN list_has_all(list_append($reviewed_reasons, 'HELD'), reasons) THEN 'grey' ELSE 'black' END AS screen FROM told;
