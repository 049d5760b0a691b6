-- What a branch may offer on each open loan of a household that is in a window today, by declaration and policy.
CREATE TEMP TABLE open_loans AS
SELECT unit_code, product_name, balance_yuan, due_on
FROM exposures WHERE balance_yuan > 0 AND link_status <> 'provisional';

CREATE TEMP TABLE offers AS
WITH concerned AS (
    SELECT w.unit_code, w.document, w.starts_on, w.ends_on, unnest(w.measures) AS measure FROM in_window AS w
    WHERE $as_of BETWEEN w.starts_on AND w.ends_on
), told AS (
    SELECT unit_code, bool_or(days_overdue > 0) AS was_late FROM excused GROUP BY unit_code
), still AS (
    SELECT unit_code,
        bool_or(days_overdue > 0 AND NOT (coalesce(is_relief, false) AND coalesce(relief_proof, '') <> ''))
            AS is_late FROM conducts_counted GROUP BY unit_code
), each_loan AS (
    SELECT c.unit_code, c.document, c.measure, l.product_name, l.balance_yuan, l.due_on,
           coalesce(l.due_on BETWEEN c.starts_on AND c.ends_on, false) AS falls_due,
               coalesce(told.was_late, false) AS was_late, coalesce(still.is_late, false) AS is_late,
           coalesce(l.due_on > c.ends_on, false) AS runs_on, c.ends_on
    FROM concerned AS c JOIN open_loans AS l USING (unit_code) LEFT JOIN told USING (unit_code)
    LEFT JOIN still USING (unit_code)
    WHERE list_contains($measures, c.measure)
)
SELECT unit_code, document, measure, product_name, balance_yuan, due_on,
       CASE measure
           WHEN 'extension' THEN CAST(due_on + to_months($extension_months::INTEGER) AS DATE) END AS proposed_due_on,
       CASE measure WHEN 'rate_cut' THEN $rate_cut_bp::BIGINT END AS rate_cut_bp,
       CASE measure WHEN 'changed_repayment' THEN ends_on END AS principal_from
FROM each_loan
WHERE CASE measure WHEN 'extension' THEN falls_due OR (was_late AND due_on IS NOT NULL)
                   WHEN 'rate_cut' THEN true
                   WHEN 'changed_repayment' THEN runs_on
                   WHEN 'renewal_without_principal' THEN falls_due AND NOT is_late
                   WHEN 'new_for_old' THEN was_late END
ORDER BY ALL;
