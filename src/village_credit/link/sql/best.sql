-- The left record's best household against its next one; the right person's best record of that scope against its
-- next. Equal scores have no best: the margin is 0.
CREATE OR REPLACE TEMP TABLE best_pairs AS
WITH by_household AS (
    SELECT left_id, scope, right_group, max(score) AS score, min_by(right_id, (-score, right_id)) AS right_id,
           min_by(claim, (-score, right_id)) AS claim, min_by(agreement, (-score, right_id)) AS agreement
    FROM scored GROUP BY ALL
), by_left AS (
    SELECT *, row_number() OVER w AS place, lead(score) OVER w AS next_household
    FROM by_household WINDOW w AS (PARTITION BY left_id ORDER BY score DESC, right_group)
), by_right AS (
    SELECT left_id, right_group, row_number() OVER w AS place, lead(score) OVER w AS next_record
    FROM by_household WINDOW w AS (PARTITION BY scope, claim ORDER BY score DESC, left_id)
), chosen AS (
    SELECT by_left.*, by_right.place AS right_place, next_record,
           score - greatest(coalesce(next_household, -1e9), coalesce(next_record, -1e9)) AS margin
    FROM by_left JOIN by_right USING (left_id, right_group) WHERE by_left.place = 1 AND score >= $accept
)
SELECT left_id, right_id, right_group, claim, scope, agreement, score,
       CASE WHEN right_place > 1 THEN 0.0 WHEN next_household IS NULL AND next_record IS NULL THEN NULL
           ELSE margin END AS margin,
       right_place = 1 AND margin >= $margin AS is_accepted
FROM chosen
