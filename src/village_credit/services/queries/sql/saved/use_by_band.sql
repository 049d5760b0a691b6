-- A county and band: lines in force, their limits, and how much of them is owed now; small counts are hidden
-- title: Use of limits by band
-- few: county_code, band: lines, limit_yuan
-- few_parts: owing_lines, owed_yuan, use_share
SELECT county_code, band, CAST(sum(lines) AS BIGINT) AS lines, CAST(sum(limit_yuan) AS BIGINT) AS limit_yuan,
    CAST(sum(owing_lines) AS BIGINT) AS owing_lines, sum(owed_yuan) AS owed_yuan,
    CAST(sum(owed_yuan) AS DOUBLE) / nullif(sum(limit_yuan), 0) AS use_share
FROM limit_use GROUP BY ALL
ORDER BY county_code, band
