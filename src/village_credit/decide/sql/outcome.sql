-- What budgets leave, what a frozen balance and a relief window keep, and the grounds that a household is told.
CREATE TABLE outcome AS
WITH final AS (
    -- what relief keeps of a line is no more than its branch leaves of it, whenever the branch said so
    SELECT l.* REPLACE (CASE WHEN l.standing_fen IS NOT NULL THEN least(l.standing_fen, l.branch * 100) END
            AS standing_fen),
        coalesce(a.amount, 0) AS amount, a.budget_state,
           l.decision = 'granted'
               AND coalesce(a.amount, 0) = 0 AS out_of_budget, coalesce(o.balance_fen, 0) AS drawn_fen,
           CASE WHEN l.decision = 'granted' AND coalesce(a.amount, 0) < l.asked_limit THEN 'budget'
                WHEN l.verdict = 'holdout' THEN 'holdout'
                WHEN l.decision = 'granted' AND l.asked_limit <> l.policy_limit THEN 'review'
                    ELSE smallest_term END AS binding,
           CASE WHEN l.decision = 'granted' THEN coalesce(a.amount, 0) ELSE 0 END AS new_limit,
           l.decision <> 'manual_review' AND down(drawn_fen, 100) > new_limit AS is_frozen
    FROM limited AS l LEFT JOIN allocated AS a USING (unit_code)
    LEFT JOIN open_products AS o ON o.unit_code = l.unit_code AND o.product = l.product
), stated AS (
    SELECT *, CASE WHEN out_of_budget THEN 'declined' ELSE decision END AS state,
           -- article 40: a related party's unsecured limit is 0, even where a balance is frozen
           CASE WHEN is_frozen AND NOT list_contains(reasons, 'RELATED_PARTY') THEN down(drawn_fen, 100)
               ELSE new_limit END AS stored_limit,
           CASE WHEN out_of_budget THEN ['BUDGET_EXHAUSTED']
                WHEN is_conditional THEN list_prepend('CONDITIONAL', reasons)
                WHEN verdict = 'holdout' THEN list_prepend('HOLDOUT_GRANTED', reasons)
                WHEN verdict IS NOT NULL THEN list_prepend('REVIEW_' || upper(decision), reasons)
                WHEN len(reasons) = 0 AND policy_limit = 0 AND raw_limit > 0 THEN ['BELOW_SMALLEST_TICKET']
                WHEN len(reasons) = 0 AND policy_limit = 0 AND smallest_term = 'branch' THEN ['BRANCH_REFUSED']
                WHEN len(reasons) = 0
                    AND policy_limit = 0 THEN ['NO_ROOM_' || upper(coalesce(smallest_term, 'capacity'))]
                ELSE reasons END AS grounds
    FROM final
), overdue_papers AS (  -- a conditional grant whose day has passed is withdrawn, in a window too
    SELECT * REPLACE (CASE WHEN is_lapsed THEN list_append(grounds, 'CONDITION_LAPSED') ELSE grounds END AS grounds)
    FROM (SELECT s.*, coalesce(state <> 'granted' AND list_has_any(s.reasons, l.codes), false) AS is_lapsed
          FROM stated AS s
              LEFT JOIN (SELECT unit_code, list(reason_code) AS codes FROM lapsed GROUP BY unit_code)
                  AS l USING (unit_code))
), asked AS (
    SELECT *, CASE WHEN is_affected AND coalesce(standing_fen, 0) > 0 THEN NOT is_lapsed
        AND NOT list_has_any(grounds, getvariable('legal_refusals')) ELSE false END AS is_shielded,
           is_shielded AND down(standing_fen, 100) > new_limit AS is_spared
    FROM (SELECT *, unit_code IN (SELECT unit_code FROM affected) AS is_affected FROM overdue_papers)
)  -- in a declared window nothing is lowered, frozen or withdrawn, but for what the law refuses
SELECT * REPLACE (
           CASE WHEN is_spared THEN 'granted' ELSE state END AS state, CASE
               WHEN is_spared THEN down(standing_fen, 100) WHEN is_shielded THEN new_limit
                   ELSE stored_limit END AS stored_limit,
           CASE WHEN is_spared THEN 'relief' ELSE binding END AS binding, is_frozen AND NOT is_shielded AS is_frozen),
       state AS would_decision, stored_limit AS would_limit, binding AS would_binding, is_frozen AS would_freeze
FROM asked;
