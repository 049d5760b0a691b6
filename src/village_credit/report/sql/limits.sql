-- A range of limits, by its lower end: granted households and their limits' sum
SELECT list_max(list_filter($edges, lambda edge: edge <= limit_yuan)) AS low, count(*) AS households,
    CAST(sum(limit_yuan) AS BIGINT) AS total
FROM t_decisions WHERE decision = 'granted' GROUP BY ALL ORDER BY low
