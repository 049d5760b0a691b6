-- From terms to figures (limit §4): the smallest term binds, floored to steps; then what a person must see.
CREATE TABLE limited AS
WITH smallest AS (
    SELECT s.unit_code, s.product, band, ppm, capacity, band_limit, need, headroom, rise, branch, reasons, standing_fen,
           v.verdict AS said, v.limit_yuan AS said_limit, v.reason_codes AS said_of, w.answered,
           income IS NOT NULL AND band IS NOT NULL AS is_complete,  -- LEAST would pass over an unknown term
           CASE WHEN is_complete THEN least(capacity, band_limit, need) ELSE 0 END AS model_term
    FROM screened AS s LEFT JOIN reviewed AS v ON v.unit_code = s.unit_code AND v.product = s.product
    LEFT JOIN (SELECT unit_code, list(reason_code) AS answered FROM waiting GROUP BY unit_code) AS w
        ON w.unit_code = s.unit_code
), capped AS (
    SELECT *, CASE WHEN is_complete THEN least(model_term, headroom, rise, branch) ELSE 0 END AS policy_term,
           CASE WHEN NOT is_complete THEN NULL WHEN capacity <= policy_term THEN 'capacity'
               WHEN band_limit <= policy_term THEN 'band'
                WHEN need <= policy_term THEN 'need' WHEN headroom <= policy_term THEN 'headroom'
                    WHEN rise <= policy_term THEN 'rise' ELSE 'branch' END AS smallest_term
    FROM smallest
), floored AS (
    SELECT capped.*, greatest(0, model_term) // f.step * f.step AS model_limit,
        greatest(0, policy_term) // f.step * f.step AS raw_limit,
           CASE WHEN raw_limit < f.smallest_ticket THEN 0 ELSE raw_limit END AS policy_limit, f.smallest_ticket, f.step,
           -- whom only the model declines a person may grant, up to a cap of its own in the band's place
           CASE WHEN reasons = ['TRADER_MODEL_DECLINE'] AND is_complete THEN greatest(0, least(capacity,
               f.trader_review_cap, need, headroom, capped.rise, branch)) // f.step * f.step
               ELSE policy_limit END AS at_most,
           -- whom only the score declines, and the hold-out drew: up to a cap of its own in the band's place
           CASE WHEN reasons = ['LOWEST_BAND'] AND is_complete THEN greatest(0, least(capacity,
               f.holdout_cap, need, headroom, capped.rise, branch)) // f.step * f.step ELSE 0 END AS holdout_limit
    FROM capped, f
), computed AS (
    SELECT *, CASE WHEN reasons[1] = 'HELD'
        OR list_contains(getvariable('reviewed_reasons'), reasons[1]) THEN 'manual_review'
                   WHEN len(reasons) > 0 OR policy_limit = 0 THEN 'declined' ELSE 'granted' END AS own_decision
    FROM floored
-- what a person said of a review holds while its grounds stand, and the figure within the policy's; a refused
), judged AS (
                -- signature of the authority ladder declines who is granted too, from the figure that was refused
                -- upwards
    SELECT *, CASE WHEN said = 'holdout' THEN CASE WHEN reasons = ['LOWEST_BAND'] AND said_limit % step = 0
                        AND said_limit BETWEEN smallest_ticket AND holdout_limit THEN said END
                   WHEN said IS NOT NULL AND own_decision <> 'declined' AND list_sort(said_of) = list_sort(reasons)
                        AND CASE WHEN said = 'decline' THEN said_limit <= policy_limit
                                 ELSE own_decision = 'manual_review' AND said_limit BETWEEN smallest_ticket
                                     AND at_most AND said_limit % step = 0
                                      AND list_has_all(getvariable('reviewed_reasons'), reasons) END
                   THEN said END AS verdict
    FROM computed
)
SELECT j.* EXCLUDE (own_decision, said, said_limit, said_of, answered, is_complete, model_term, policy_term,
    smallest_ticket, step, at_most, holdout_limit),
       -- a document that relief lets come later: granted until its day, where nothing else stands against it
       verdict IS NULL AND own_decision = 'manual_review' AND policy_limit > 0
           AND coalesce(list_has_all(answered, reasons), false) AS is_conditional,
       CASE WHEN verdict IN ('grant', 'holdout') THEN said_limit ELSE least(policy_limit, s.most_yuan) END AS asked_limit,
       CASE WHEN at_most < j.smallest_ticket THEN 0 ELSE at_most END AS review_limit,
       CASE WHEN verdict IN ('grant', 'holdout') OR is_conditional THEN 'granted' WHEN verdict = 'decline' THEN 'declined'
           ELSE own_decision END AS decision
FROM judged AS j LEFT JOIN (
    SELECT unit_code, product, min(most_yuan) AS most_yuan
    FROM supplied, f WHERE stands(said_on, f.review_fact_months) GROUP BY ALL
) AS s ON s.unit_code = j.unit_code AND s.product = j.product;
