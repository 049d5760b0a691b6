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
)
SELECT floored.*,
       CASE WHEN reasons[1] IN ('NO_LEGAL_BASIS', 'OVERDUE', 'OBJECTION', 'DISPUTED_DATUM', 'NO_INCOME_SOURCE', 'LINK_UNCONFIRMED', 'NOT_SCORED', 'TRADER_MODEL_DECLINE') THEN 'manual_review'
            WHEN len(reasons) > 0 OR policy_limit = 0 THEN 'declined' ELSE 'granted' END AS decision
FROM floored;
