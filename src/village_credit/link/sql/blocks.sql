-- Blocks that are too common are left out whole, and whoever's name is in one is not compared at all: with a part of
-- the rivals unseen, a margin would say nothing.
CREATE OR REPLACE TEMP TABLE blocks AS
WITH keyed_left AS ({left}), keyed_right AS ({right}),
sizes AS (
    SELECT kind, village_code, key, l * r > $pairs AS is_too_common
    FROM (SELECT kind, village_code, key, count(*) AS l FROM keyed_left GROUP BY ALL)
    JOIN (SELECT kind, village_code, key, count(*) AS r FROM keyed_right GROUP BY ALL) USING (kind, village_code, key)
)
SELECT DISTINCT left_id, right_id
FROM sizes JOIN keyed_left USING (kind, village_code, key) JOIN keyed_right USING (kind, village_code, key)
WHERE NOT is_too_common AND left_id NOT IN (
    SELECT left_id
    FROM sizes JOIN keyed_left USING (kind, village_code, key)
    WHERE is_too_common AND kind IN ('given', 'sound', 'father'))
