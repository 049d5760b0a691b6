-- From terms to figures (limit §4): the smallest term binds, floored to steps; then what a person must see.
CREATE TABLE limited AS
WITH smallest AS (
    SELECT *, income IS NOT NULL AND band IS NOT NULL AS is_complete,  -- LEAST would pass over an unknown term
           CASE WHEN is_complete THEN least(capacity, band_limit, need) ELSE 0 END AS model_term
    FROM screened
), capped AS (
    SELECT *, CASE WHEN is_complete THEN least(model_term, headroom, rise) ELSE 0 END AS policy_term,
           CASE WHEN NOT is_complete THEN NULL
                WHEN capacity <= least(band_limit, need, headroom, rise) THEN 'capacity' WHEN band_limit <= least(need, headroom, rise) THEN 'band'
                WHEN need <= least(headroom, rise) THEN 'need' WHEN headroom <= coalesce(rise, headroom) THEN 'headroom' ELSE 'rise' END AS smallest_term
    FROM smallest
), floored AS (
    SELECT capped.*, greatest(0, down(model_term, f.step) * f.step) AS model_limit, greatest(0, down(policy_term, f.step) * f.step) AS raw_limit,
           CASE WHEN greatest(0, down(policy_term, f.step) * f.step) < f.smallest_ticket THEN 0 ELSE greatest(0, down(policy_term, f.step) * f.step) END AS policy_limit
    FROM capped, f
), computed AS (
    SELECT floored.*,
           CASE WHEN reasons[1] = 'HELD' OR list_contains($reviewed_reasons, reasons[1]) THEN 'manual_review'
                WHEN len(reasons) > 0 OR policy_limit = 0 THEN 'declined' ELSE 'granted' END AS own_decision
    FROM floored
), said AS (  -- what a person said of a review holds while its grounds stand, and the figure within the policy's; a refused
              -- signature of the authority ladder declines who is granted too, from the figure that was refused upwards
    SELECT c.unit_code, v.verdict, v.limit_yuan AS said_limit
    FROM computed AS c JOIN reviewed AS v ON v.unit_code = c.unit_code AND v.product = c.product, f
    WHERE own_decision <> 'declined' AND list_sort(v.reason_codes) = list_sort(reasons)
      AND CASE WHEN v.verdict = 'decline' THEN v.limit_yuan <= policy_limit
               ELSE own_decision = 'manual_review' AND v.limit_yuan BETWEEN f.smallest_ticket AND policy_limit AND v.limit_yuan % f.step = 0
                    AND list_has_all($reviewed_reasons, reasons) END
)
SELECT c.* EXCLUDE (own_decision), verdict,
       -- a document that relief lets come later: granted until its day, where nothing else stands against it
       verdict IS NULL AND own_decision = 'manual_review' AND policy_limit > 0 AND coalesce(list_has_all(w.answered, reasons), false) AS is_conditional,
       CASE WHEN verdict = 'grant' THEN said_limit ELSE policy_limit END AS asked_limit,
       CASE verdict WHEN 'grant' THEN 'granted' WHEN 'decline' THEN 'declined'
           ELSE CASE WHEN is_conditional THEN 'granted' ELSE own_decision END END AS decision
FROM computed AS c LEFT JOIN said USING (unit_code)
LEFT JOIN (SELECT unit_code, list(reason_code) AS answered FROM waiting GROUP BY unit_code) AS w USING (unit_code);
