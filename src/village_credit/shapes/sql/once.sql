-- Findings; what is true of every line of a map (or of every shape that was measured) is said once of the map
WITH asked AS (
    SELECT map, count(*) AS lines, count(measured_m2) AS measured FROM lines GROUP BY map
), counted AS (
    SELECT found.*,
           line_number IS NOT NULL AND other_line IS NULL AND count(line_number) OVER (PARTITION BY map, reason_code) =
               if(reason_code IN ('RINGS_REVERSED', 'SHAPE_AREA_IN_MU', 'SHAPE_AREA_NOT_SAID', 'REGISTER_AREA_UNIT'),
                  measured, lines) AS is_every,
           lines
    FROM found LEFT JOIN asked USING (map)
)
SELECT map, line_number, reason_code, round(value, 4) AS value, round(expected, 4) AS expected, unit,
       other_map, other_line
FROM counted WHERE NOT coalesce(is_every AND lines > 1, false)
UNION ALL
SELECT map, NULL, reason_code, count(*)::DOUBLE, NULL, 'count', NULL, NULL
FROM counted WHERE is_every AND lines > 1 GROUP BY map, reason_code
ORDER BY map, line_number NULLS FIRST, reason_code, other_map, other_line
