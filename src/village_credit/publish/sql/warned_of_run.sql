-- A line of a run and what of its draws somebody should look into, by the one reckoning of warnings. `decisions`,
-- `allowed`: the run's decisions and purposes of draws; `draws`, `owed`: what came back.
WITH lines AS (SELECT household_key, product, limit_yuan FROM decisions),
draw_purposes AS (SELECT d.household_key, d.product, a.purpose FROM decisions AS d JOIN allowed AS a USING (product))
SELECT household_key, product, warning FROM ({warnings}) SEMI JOIN lines USING (household_key, product) ORDER BY ALL
