SELECT product, decision, coalesce(reason_codes[1], binding_term, '') AS why, count(*) AS n,
    coalesce(sum(limit_yuan), 0)
FROM t_decisions GROUP BY ALL ORDER BY product, decision, n DESC, why
