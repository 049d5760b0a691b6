-- Two parcels that lie upon each other, on the later line: one shape under two contractors, else an overlap
SELECT map_second AS map, line_second AS line_number,
       CASE WHEN is_same AND NOT list_has_any(f.contractors, s.contractors) THEN 'SHAPE_OF_TWO_CONTRACTORS'
            ELSE 'SHAPE_OVERLAP' END AS reason_code,
       share AS value, $least_share::DOUBLE AS expected, 'share' AS unit, map_first AS other_map, line_first AS other_line
FROM pairs LEFT JOIN register AS f ON f.code = code_first LEFT JOIN register AS s ON s.code = code_second
WHERE code_first IS NULL OR code_first IS DISTINCT FROM code_second
