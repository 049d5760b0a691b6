-- Of a lone small group the figures would be the total less the others': the smallest of these is hidden with it.
-- The ratio is one division of whole numbers: exactly four fifths is not below four fifths.
WITH counted AS (
    SELECT attribute, group_name, count(*) AS households, count(*) FILTER (is_granted) AS granted,
           sum(limit_yuan) FILTER (is_granted) AS sum_limit
    FROM (UNPIVOT borrowers ON sex, age, land, monitored INTO NAME attribute VALUE group_name) GROUP BY ALL
), sized AS (
    SELECT *, count(*) FILTER (households < $k) OVER (PARTITION BY attribute) AS small_groups,
           row_number() OVER (PARTITION BY attribute ORDER BY households < $k, households, group_name) AS size_rank
    FROM counted
), shown AS (
    SELECT attribute, group_name, households, granted,
           CASE WHEN granted >= $k THEN CAST(round(sum_limit / granted) AS BIGINT) END AS mean_limit_yuan
    FROM sized WHERE households >= $k AND (small_groups <> 1 OR size_rank > 1)
), best AS (
    SELECT attribute, max_by([granted, households], granted / households) AS most, max(mean_limit_yuan) AS highest
    FROM shown GROUP BY attribute
)
SELECT g.attribute, g.group_name, households, granted, granted / households AS approval_share,
       granted * most[2] / nullif(households * most[1], 0) AS approval_ratio, mean_limit_yuan,
       mean_limit_yuan / nullif(highest, 0) AS limit_ratio, approval_ratio < $four_fifths AS is_flagged,
           households IS NULL AS is_hidden
FROM groups AS g LEFT JOIN shown USING (attribute, group_name) LEFT JOIN best USING (attribute) ORDER BY place
