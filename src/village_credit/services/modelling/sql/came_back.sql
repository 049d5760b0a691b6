-- A band of a published run and how far its households came: not granted, not contracted, not drawn, or drawn, within
-- the horizon; of the drawn how many outcomes teach, and how many are defaults. `decisions`: the run's; `contracts`,
-- `draws`: what came back; `outcomes`: by unit_code; `keys`: household_key, unit_code.
WITH households AS (
    SELECT household_key, coalesce(min(band), '') AS band, bool_or(decision = 'granted') AS is_granted
    FROM decisions WHERE household_key IS NOT NULL GROUP BY ALL
), signed AS (
    SELECT DISTINCT household_key FROM contracts WHERE signed_on <= $ends
), drew AS (
    SELECT household_key FROM draws WHERE drawn_on > $begins AND drawn_on <= $ends
    GROUP BY household_key HAVING sum(amount_yuan) > 0
), reached AS (
    SELECT h.band, CASE WHEN d.household_key IS NOT NULL THEN 'drawn' WHEN NOT h.is_granted THEN 'not_granted'
            WHEN s.household_key IS NULL THEN 'not_contracted' ELSE 'not_drawn' END AS reached, o.is_bad
    FROM households AS h LEFT JOIN signed AS s USING (household_key) LEFT JOIN drew AS d USING (household_key)
    LEFT JOIN keys AS k USING (household_key) LEFT JOIN outcomes AS o USING (unit_code)
)
SELECT band, reached, count(*) AS households, count(is_bad) AS with_outcome, count(*) FILTER (is_bad) AS bads
FROM reached GROUP BY ALL ORDER BY ALL
