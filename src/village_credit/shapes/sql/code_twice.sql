-- A parcel whose code another line of its map has too, or a line of another map with another shape
WITH turns AS (
    SELECT map, line_number, code, meridian, measured_m2,
           first_value(line_number) OVER own AS first_line, row_number() OVER own AS turn
    FROM lines WHERE code IS NOT NULL
    WINDOW own AS (PARTITION BY map, code ORDER BY line_number)
), firsts AS (
    SELECT * FROM turns WHERE turn = 1 AND measured_m2 IS NOT NULL
), elsewhere AS (
    SELECT later.map, later.line_number, min_by(earlier.map, earlier.map) AS other_map,
           min_by(earlier.line_number, earlier.map) AS other_line
    FROM firsts AS later JOIN firsts AS earlier USING (code, meridian)
    WHERE earlier.map < later.map AND NOT EXISTS (
        FROM pairs AS p WHERE p.is_same AND p.map_first = earlier.map AND p.line_first = earlier.line_number
                          AND p.map_second = later.map AND p.line_second = later.line_number)
    GROUP BY ALL
)
SELECT map, line_number, 'SHAPE_CODE_TWICE' AS reason_code, NULL::DOUBLE AS value, NULL::DOUBLE AS expected,
       NULL::VARCHAR AS unit, other_map, other_line
FROM (SELECT map, line_number, map AS other_map, first_line AS other_line FROM turns WHERE turn > 1
      UNION ALL FROM elsewhere)
