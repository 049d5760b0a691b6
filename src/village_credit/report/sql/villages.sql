SELECT CASE WHEN count(*) OVER (PARTITION BY p.place_name) > 1 THEN t.place_name || p.place_name
    ELSE p.place_name END, d.village_code, count(*), count(*) FILTER (decision = 'granted'),
        coalesce(sum(limit_yuan) FILTER (decision = 'granted'), 0),
       coalesce(median(limit_yuan) FILTER (decision = 'granted'), 0)
FROM t_decisions AS d LEFT JOIN t_places AS p ON p.place_code = d.village_code AND p.level = 'village'
LEFT JOIN t_places AS t ON t.place_code = p.within_code AND t.level = 'township'
GROUP BY p.place_name, t.place_name, d.village_code ORDER BY d.village_code
