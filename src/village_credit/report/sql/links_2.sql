-- What became of each list's records, and the villages that are furthest behind.
SELECT any_value(p.place_name), village_code, sum(records), sum(automatic + confirmed) / sum(records) AS share
FROM t_link_quality
LEFT JOIN t_places AS p ON p.place_code = village_code AND p.level = 'village' WHERE village_code <> ''
GROUP BY village_code HAVING sum(records) >= 30 ORDER BY share, village_code LIMIT 10
