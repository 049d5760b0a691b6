-- Sum up a run's decisions.
SELECT avg((decision = 'granted')::INT)::DOUBLE, coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0)::BIGINT
FROM decisions
