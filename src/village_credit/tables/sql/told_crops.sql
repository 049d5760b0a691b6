WITH counted AS (
    SELECT c.*, n.crop IS NOT NULL OR count(*) OVER (PARTITION BY c.crop) >= $least AS is_told
    FROM crop_terms AS c LEFT JOIN named AS n USING (crop)
), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY unit_code, is_told ORDER BY crop) AS place FROM counted
)
SELECT * EXCLUDE (is_told, place) REPLACE (
    CASE WHEN is_told THEN crop WHEN place = 1 THEN '其他作物' ELSE '其他作物' || place END AS crop)
FROM numbered ORDER BY unit_code, crop
