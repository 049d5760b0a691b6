-- From terms to figures (limit §4): the smallest term binds, floored to steps; then what a person must see.
CREATE TABLE limited AS
WITH smallest AS (
    SELECT *, coalesce(income, 0) AS known_income,
           CASE WHEN income IS NULL THEN 0 ELSE least(capacity, band_limit, need) END AS model_term
    FROM screened
), capped AS (
    SELECT *, CASE WHEN income IS NULL THEN 0 ELSE least(model_term, headroom, rise) END AS policy_term,
           CASE WHEN income IS NULL THEN NULL
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
