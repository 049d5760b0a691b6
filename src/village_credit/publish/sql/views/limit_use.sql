-- A village, product and band of lines in force: their limits, and how much of them is contracted, drawn and owed now. Exact, for the house: only an export hides small counts
SELECT t.county_code, t.township_code, t.village_code, t.product, l.band, count(*) AS lines,
    CAST(sum(t.limit_now) AS BIGINT) AS limit_yuan, count(*) FILTER (t.is_contracted) AS contracted_lines,
    count(*) FILTER (t.is_drawn) AS drawn_lines, count(*) FILTER (t.owed_yuan > 0) AS owing_lines,
    CAST(sum(t.owed_yuan) AS DECIMAL(18, 2)) AS owed_yuan,
    CAST(sum(t.owed_yuan) AS DOUBLE) / nullif(sum(t.limit_now), 0) AS use_share
FROM "inner".lines_told AS t JOIN "inner".lines_in_force AS l USING (county_code, household_key, product)
GROUP BY ALL ORDER BY ALL
