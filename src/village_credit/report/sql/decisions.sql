-- A product and decision: households, and the sum of their limits, whole yuan.
SELECT product, decision, count(*) AS households, coalesce(sum(limit_yuan), 0) FROM t_decisions
GROUP BY ALL ORDER BY product, decision
