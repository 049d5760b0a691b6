-- A stage on the way to a draw, of a whole county: the stage that it follows, and its households
SELECT stage, any_value(follows) AS follows, CAST(sum(households) AS BIGINT) AS households FROM funnel
WHERE county_code = $place GROUP BY stage, stage_number ORDER BY stage_number
