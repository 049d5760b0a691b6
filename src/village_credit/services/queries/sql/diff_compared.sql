-- What moved a limit is what bounds the smaller of its two figures: a reason where that one is no grant, else its
-- term.
CREATE TABLE compared AS
WITH joined AS (
    SELECT coalesce(a.household_key, b.household_key) AS household_key,
        coalesce(a.village_code, b.village_code) AS village_code,
           coalesce(a.band, b.band, 'none') AS band, coalesce(b.limit_yuan, 0) AS before_yuan,
               coalesce(a.limit_yuan, 0) AS after_yuan,
           coalesce(a.reason_codes[1], a.binding_term, 'not decided') AS reason,
           CASE WHEN a.decision = 'granted' THEN a.binding_term
               ELSE coalesce(a.reason_codes[1], 'not decided') END AS rule_after,
           CASE WHEN b.decision = 'granted' THEN b.binding_term
               ELSE coalesce(b.reason_codes[1], 'not decided') END AS rule_before
    FROM after AS a FULL JOIN before AS b USING (household_key)
)
SELECT *, after_yuan - before_yuan AS change_yuan,
       CASE WHEN after_yuan = before_yuan THEN 'same' WHEN before_yuan = 0 THEN 'new' WHEN after_yuan = 0 THEN 'removed'
            WHEN after_yuan > before_yuan THEN 'raised' ELSE 'lowered' END AS change,
       CASE WHEN after_yuan < before_yuan THEN rule_after
           WHEN after_yuan > before_yuan THEN rule_before END AS moved_by
FROM joined
