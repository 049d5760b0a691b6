-- A decision and its first reason, or what bound it: households, and the sum of their limits, whole yuan.
SELECT decision, coalesce(reason_codes[1], binding_term, '') AS why, count(*) AS households,
    coalesce(sum(limit_yuan), 0)
FROM t_decisions GROUP BY ALL ORDER BY decision, households DESC, why
