-- What was published and in force on the day, else the first limit above 0 published since: `lines` of the day, `since`
-- the publications since, by place, `published` what they decided.
WITH that_day AS (
    SELECT household_key, product, limit_yuan AS base_yuan FROM lines
    WHERE limit_yuan > 0 AND $day::DATE BETWEEN valid_from AND valid_to
), later AS (
    SELECT household_key, d.product, arg_min(limit_yuan, place) AS base_yuan
    FROM published AS d JOIN since AS s ON s.run_id = d.run_id AND coalesce(s.product, d.product) = d.product
    WHERE limit_yuan > 0 GROUP BY household_key, d.product
)
FROM that_day UNION ALL FROM later ANTI JOIN that_day USING (household_key, product)
ORDER BY household_key, product
