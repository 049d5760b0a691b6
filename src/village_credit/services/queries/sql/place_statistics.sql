-- A place by product and month up to a day, and the places within it at the last of these months, all products together
WITH told AS (
    SELECT * FROM statistics
    WHERE counted_on <= $day AND starts_with(place_code, $place)
        AND (level = $level AND place_code = $place OR product = 'all' AND list_contains($within, level))
)
SELECT * FROM told
WHERE level = $level OR month = (SELECT max(month) FROM told WHERE level = $level)
ORDER BY level, place_code, product, month
