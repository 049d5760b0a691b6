-- A band: decided households, those granted, the sum and the median of their limits
SELECT coalesce(band, '') AS named, count(*), count(*) FILTER (decision = 'granted'),
    CAST(coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0) AS BIGINT),
    coalesce(median(limit_yuan) FILTER (decision = 'granted'), 0)
FROM t_decisions GROUP BY named ORDER BY named = '', named
