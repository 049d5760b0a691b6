-- A line in force under the export's own key. `lines`: those in force; `told` (county_code, decision, reason_code): the
-- reasons that are not hidden. Two secrets of the export, one inside the other, as an HMAC has them.
SELECT 'x' || left(sha256($outer || sha256($inner || household_key)), 32) AS export_key,
    l.county_code, product, l.decision, band, limit_yuan, term_months,
    CAST(date_trunc('month', valid_from) AS DATE) AS valid_from, CAST(date_trunc('month', valid_to) AS DATE) AS valid_to,
    annual_rate_bp, annual_cost_bp, repayment_method, binding_term, t.reason_code, publication_id
FROM lines AS l LEFT JOIN told AS t
    ON t.county_code = l.county_code AND t.decision = l.decision AND t.reason_code = l.reason_codes[1]
ORDER BY export_key, product
