-- Lines in force by product and decision: how many, the least, median and largest limit, and their sum
SELECT product, decision, count(*), coalesce(min(limit_yuan) FILTER (limit_yuan > 0), 0),
    CAST(coalesce(median(limit_yuan) FILTER (limit_yuan > 0), 0) AS BIGINT), max(limit_yuan), sum(limit_yuan)
FROM limits_current
GROUP BY ALL ORDER BY ALL
