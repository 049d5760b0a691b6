-- Decisions, waterfall and crop terms as they are stored, ordered by unit_code.
CREATE TABLE relief_kept AS
SELECT unit_code, product, CAST(stored_limit AS BIGINT) AS kept_limit_yuan, would_decision,
    CAST(would_limit AS BIGINT) AS would_limit_yuan,
       would_binding AS would_binding_term, CASE WHEN would_freeze THEN list_append(grounds, 'FROZEN')
           ELSE grounds END AS would_reason_codes
FROM outcome WHERE is_spared ORDER BY unit_code;

CREATE TABLE decisions AS
WITH dated AS (
    -- else a line keeps its days, though its renewal is signed
    SELECT o.*, c.borrower_member_no, c.borrower_relation, would_decision = 'granted' AS is_anew,
           CASE WHEN is_anew THEN c.term_months ELSE coalesce(running_months, c.term_months) END AS months,
           -- a line that waits for a person keeps its term
           state = 'granted' OR (state = 'manual_review' AND c.has_own_line)
              -- only what is granted starts a term: what is owed keeps the days of its line, where that runs on
              OR (stored_limit > 0 AND running_to IS NOT NULL AND NOT list_contains(reasons, 'RENEWAL_DUE'))
               AS has_line,
           coalesce(CASE WHEN is_anew THEN before_from ELSE running_from END, as_of() + 1) AS starts,
           coalesce(CASE WHEN is_anew THEN before_to ELSE running_to END, CAST(as_of()
               + 1 + to_months(CAST(months AS INTEGER)) AS DATE) - 1) AS ends,
           -- each anniversary of the line asks for a review
           greatest(0, datesub('year', starts, as_of())) + 1 AS years_to_review
    FROM outcome AS o JOIN candidates AS c ON c.unit_code = o.unit_code AND c.product = o.product
)
SELECT unit_code, dated.product, state AS decision, dated.band, CAST(ppm AS BIGINT) AS default_probability_ppm,
    CAST(stored_limit AS BIGINT) AS limit_yuan,
       CASE WHEN has_line THEN CAST(months AS BIGINT) END AS term_months, CASE
           WHEN has_line THEN starts END AS valid_from,
       CASE WHEN has_line THEN ends END AS valid_to,
       CASE WHEN has_line THEN least(ends, CAST(starts + to_years(CAST(years_to_review AS INTEGER)) AS DATE))
           END AS review_due_on,
       CASE WHEN dated.band IS NOT NULL THEN CAST(b.spread AS BIGINT) END AS rate_spread_bp,
       -- the whole rate of the line's term, and with every charge spread over it, half up to whole basis points
       CASE WHEN has_line THEN CAST(CASE WHEN months > 12 THEN b.rate_bp ELSE b.rate_one_year_bp END AS BIGINT)
           END AS annual_rate_bp,
       CASE WHEN has_line AND months > 0 THEN annual_rate_bp + CAST((2 * (yearly_ppm * months + once_ppm * 12)
           + 100 * months) // (200 * months) AS BIGINT) END AS annual_cost_bp,
           p.repayment AS repayment_method, p.is_revolving AS revolving, binding AS binding_term,
       CASE WHEN is_frozen THEN list_append(grounds, 'FROZEN')
           WHEN is_spared THEN list_prepend('RELIEF_KEPT', grounds) ELSE grounds END AS reason_codes,
       CASE WHEN len(reasons) = 0 THEN 'white'
           WHEN list_has_all(list_append(getvariable('reviewed_reasons'), 'HELD'), reasons) THEN 'grey'
               ELSE 'black' END AS screen,
       borrower_member_no, CASE WHEN borrower_member_no IS NULL THEN NULL
           WHEN borrower_relation = 'head' THEN 'BORROWER_HEAD'
               WHEN borrower_relation = 'spouse' THEN 'BORROWER_SPOUSE' ELSE 'BORROWER_ELDEST' END AS borrower_reason,
       p.purposes
FROM dated JOIN products AS p ON p.product = dated.product
LEFT JOIN bands AS b ON b.product = dated.product AND b.band = dated.band
ORDER BY unit_code;

CREATE TABLE waterfall AS
SELECT t.unit_code, t.product, to_mu(t.register) AS register_mu, to_mu(t.leased_out) AS leased_out_mu,
    to_mu(t.leased_in) AS leased_in_mu, to_mu(t.subsidised) AS subsidised_mu,
       to_mu(t.area) AS area_mu,
           to_yuan(r.rent_fen) AS rent_yuan,
           CAST(CAST(down(t.crop_e12, 1000000) AS DECIMAL(30, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(30,
               6)) AS crop_income_yuan, t.crop_income_source,
       to_yuan(down(t.book_e12, 10000000000)) AS book_crop_yuan,
           to_yuan(down(t.livestock_e12, 10000000000)) AS livestock_yuan,
               to_yuan(down(t.wages_e12, 10000000000)) AS wages_yuan,
       to_yuan(down(t.trade_e12, 10000000000)) AS trade_yuan,
           to_yuan(down(t.transfers_e12, 10000000000)) AS transfers_yuan,
       CAST(t.income AS BIGINT) AS income_yuan, CAST(t.operating_income AS BIGINT) AS operating_income_yuan,
           CAST(stressed AS BIGINT) AS stressed_yuan, CAST(persons AS BIGINT) AS persons,
       CAST(living_need AS BIGINT) AS living_cost_yuan, CAST(existing_service AS BIGINT) AS existing_service_yuan,
           CAST(free_service AS BIGINT) AS free_service_yuan,
       CAST(working_capital AS BIGINT) AS working_capital_yuan, CAST(permille AS BIGINT) AS annuity_permille,
           CAST(capacity AS BIGINT) AS capacity_yuan,
       CAST(base AS BIGINT) AS base_yuan, CAST(asset_part AS BIGINT) AS asset_part_yuan,
           CAST(operating_part AS BIGINT) AS operating_part_yuan,
       CAST(verified_assets AS BIGINT) AS verified_assets_yuan, CAST(band_limit AS BIGINT) AS band_yuan,
           CAST(crop_need AS BIGINT) AS crop_need_yuan,
       CAST(livestock_need AS BIGINT) AS livestock_need_yuan, CAST(need AS BIGINT) AS need_yuan,
           CAST(cap AS BIGINT) AS product_cap_yuan, CAST(f.household_cap AS BIGINT) AS household_cap_yuan,
       to_yuan(unsecured_fen) AS other_unsecured_yuan, CAST(headroom AS BIGINT) AS headroom_yuan,
           CAST(down(before_fen, 100) AS BIGINT) AS in_force_yuan, t.rise_base_yuan,
           CAST(t.rise AS BIGINT) AS rise_yuan, CAST(t.branch AS BIGINT) AS branch_yuan,
       CAST(n.model_limit AS BIGINT) AS model_limit_yuan, CAST(n.policy_limit AS BIGINT) AS policy_limit_yuan,
           CAST(n.review_limit AS BIGINT) AS review_limit_yuan, CAST(n.amount AS BIGINT) AS allocated_yuan,
       coalesce(n.budget_state, 'not_asked') AS budget_state, n.would_binding AS binding_term,
           CAST(d.limit_yuan AS BIGINT) AS limit_yuan,
       list_concat(list_filter([CASE WHEN abs(t.register - t.subsidised) * 1000000 > greatest(t.register,
           t.subsidised) * f.area_tolerance THEN 'AREA_DISAGREES' END, CASE WHEN t.unknown_crop THEN 'UNKNOWN_CROP' END,
                    CASE WHEN t.lacks_method THEN 'METHOD_MISSING' END,
                    CASE WHEN r.is_unknown THEN 'RENT_UNKNOWN' END,
                    CASE WHEN r.is_by_policy THEN 'RENT_BY_POLICY' END,
                    CASE WHEN t.area IS NULL
                        AND EXISTS (SELECT 1 FROM crop_sums AS c WHERE c.unit_code = t.unit_code)
                            THEN 'AREA_UNKNOWN' END,
                    CASE WHEN EXISTS (SELECT 1 FROM negatives_read AS n WHERE n.unit_code = t.unit_code
                        AND NOT has_counting_reason) THEN 'LISTING_REFUSED' END,
                    CASE WHEN EXISTS (SELECT 1 FROM negatives_read AS n WHERE n.unit_code = t.unit_code AND is_over)
                        THEN 'LISTING_OVER' END,
                    CASE WHEN t.book_e12 IS NOT NULL AND t.norm_e12 IS NOT NULL
                        AND t.book_e12 <> t.norm_e12 THEN 'INCOME_DISAGREES' END],
                   lambda code: code IS NOT NULL), coalesce(s.codes, [])) AS findings
FROM reckoned AS t
JOIN (SELECT unit_code, product, model_limit, policy_limit, review_limit, amount, budget_state, would_binding
    FROM outcome)
    AS n USING (unit_code, product)
    LEFT JOIN (SELECT unit_code, list(DISTINCT code ORDER BY code) AS codes FROM noted GROUP BY unit_code)
        AS s USING (unit_code) LEFT JOIN rents_owed AS r USING (unit_code) JOIN decisions AS d USING (unit_code), f
ORDER BY unit_code;

CREATE TABLE crop_result AS
SELECT c.unit_code, c.crop, to_mu(declared) AS declared_mu, to_mu(worked) AS crop_mu, to_yuan(net) AS net_yuan,
    to_yuan(cost) AS cost_yuan, to_yuan(price) AS price_yuan,
       CAST(CAST(outturn AS DECIMAL(10, 0)) * CAST('0.0001' AS DECIMAL(5, 4)) AS DECIMAL(10, 4)) AS outturn,
       CAST(CAST(norm_e8 AS DECIMAL(30, 0)) * CAST('0.00000001' AS DECIMAL(9, 8)) AS DECIMAL(34, 8))
           AS norm_income_yuan,
       CAST(CAST(delivery_e8 AS DECIMAL(30, 0)) * CAST('0.00000001' AS DECIMAL(9, 8)) AS DECIMAL(34, 8))
           AS delivery_income_yuan, to_yuan(scale) AS scale_yuan
FROM crop_terms AS c SEMI JOIN outcome USING (unit_code) ORDER BY unit_code, crop;

CREATE TABLE follow_up AS  -- whom a customer manager visits
SELECT unit_code, d.product, tags, to_mu(declared) AS declared_mu, CAST(managed_mu AS DECIMAL(18, 4)) AS managed_mu,
       d.decision, d.limit_yuan, w.need_yuan, greatest(0, w.need_yuan - d.limit_yuan) AS shortfall_yuan
FROM growers AS g JOIN decisions AS d USING (unit_code) JOIN waterfall AS w USING (unit_code) ORDER BY unit_code;

CREATE TABLE lines_before AS
SELECT unit_code, product, CAST(down(limit_fen, 100) AS BIGINT) AS limit_yuan, valid_from, valid_to, is_own
FROM before_by_unit SEMI JOIN outcome USING (unit_code)
WHERE limit_fen > 0;
