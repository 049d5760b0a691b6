-- What became of each household within $months months after $as_of, from conduct delivered later.
-- A loan counts if it was open at some time after the day and within the horizon. It defaulted on the day after which
-- it is more than $days days past due; undated, ever so much past due counts on loans at least $months months old.
WITH horizon AS (SELECT $as_of::DATE AS begins, CAST($as_of::DATE + to_months($months::INTEGER) AS DATE) AS ends),
seen AS (
    SELECT unit_code, opened_on, cutoff_on, max_days_overdue,
           coalesce(is_relief, false) AND relief_proof IS NOT NULL AS is_excused,
           CASE WHEN max_days_overdue > $days
               AND overdue_since IS NOT NULL THEN overdue_since + ($days + 1)::INTEGER END AS defaulted_on,
           max_days_overdue > $days AND overdue_since IS NULL AS is_undated,
           opened_on + to_months($months::INTEGER) <= cutoff_on AS is_seasoned,
           begins, ends
    FROM loans, horizon
    WHERE opened_on <= ends AND (settled_on IS NULL OR settled_on > begins)
), told AS (
    SELECT unit_code,
           CASE WHEN is_excused AND max_days_overdue > $days THEN 'overdue_with_proof'
                WHEN is_excused THEN 'relief_extended'
                WHEN defaulted_on <= begins THEN 'in_default_before'
                WHEN defaulted_on <= ends THEN 'overdue'
                WHEN is_undated AND is_seasoned THEN 'overdue'
                WHEN is_undated OR cutoff_on < ends THEN 'immature'
                WHEN max_days_overdue > 0 THEN 'late'
                ELSE 'drawn_repaid' END AS outcome
    FROM seen
), worst AS (
    -- of several loans the gravest tells: once in default before the day, a household cannot default anew
    SELECT unit_code,
        min_by(outcome, list_position(['in_default_before', 'overdue', 'immature', 'overdue_with_proof',
            'relief_extended', 'late', 'drawn_repaid'], outcome)) AS outcome
    FROM told GROUP BY unit_code
)
SELECT units.unit_code, coalesce(worst.outcome, 'never_drawn') AS outcome,
       CASE WHEN list_contains($bad, worst.outcome) THEN true
           WHEN list_contains($good, worst.outcome) THEN false END AS is_bad
FROM units LEFT JOIN worst USING (unit_code) ORDER BY units.unit_code
