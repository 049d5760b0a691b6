-- Lines in force by product and decision: how many, the least, median and largest limit, and their sum
SELECT product, decision, count(*), min(limit_yuan), CAST(median(limit_yuan) AS BIGINT), max(limit_yuan), sum(limit_yuan)
FROM limits_current
GROUP BY ALL ORDER BY ALL
