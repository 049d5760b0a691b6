-- What of a household might be changed: a record that stands against it, a loan, land, a figure; with the most to try.
WITH asked AS (SELECT units.unit_code AS unit, h.is_trader_only FROM units JOIN households AS h USING (unit_code)),
k AS (SELECT asked.*, known.* EXCLUDE (unit_code) FROM asked JOIN known ON known.unit_code = asked.unit),
lands AS (  -- declared land that does not count, for want of a record of it
    SELECT *, coalesce(declared, 0) - coalesce(area, 0) AS lacking FROM k WHERE NOT is_trader_only AND declared > 0
), every AS (
    SELECT DISTINCT unit, CASE mark WHEN 'held' THEN 'hold' ELSE 'link' END AS what, NULL AS place, NULL AS crop,
        1 AS most
    FROM asked JOIN marks ON marks.unit_code = unit WHERE mark IN ('held', 'doubtful')
    UNION ALL SELECT DISTINCT unit, 'arrears', NULL, NULL, 1 FROM asked JOIN arrears AS a ON a.unit_code = unit
    UNION ALL SELECT DISTINCT unit, 'listing', NULL, NULL, 1 FROM asked JOIN negatives AS n ON n.unit_code = unit
    UNION ALL SELECT DISTINCT unit, 'renewal', NULL, NULL, 1 FROM asked JOIN ended AS e ON e.unit_code = unit
    UNION ALL SELECT unit, 'settled_loan', place, NULL, (balance_fen + 99) // 100
    FROM asked JOIN loans_open AS l ON l.unit_code = unit WHERE balance_fen > 0 OR credit_fen > 0
    UNION ALL  -- something of it stays owed
    SELECT unit, 'loan', place, NULL, (balance_fen - 1) // 100
    FROM asked JOIN loans_open AS l ON l.unit_code = unit WHERE balance_fen > 100
    UNION ALL  -- more of it than the other record of the same land counts for nothing
    SELECT unit, 'registered_land', NULL, NULL, least(lacking, subsidised - coalesce(register, 0))
    FROM lands WHERE register IS NOT NULL OR subsidised IS NULL
    UNION ALL SELECT unit, 'subsidised_land', NULL, NULL, least(lacking, register - subsidised)
    FROM lands WHERE subsidised IS NOT NULL
    UNION ALL  -- what a household declares, or anything that the policy has a norm of where it declares nothing
    SELECT unit, 'crop', NULL, c.crop, area - k.declared
    FROM k JOIN crop_scaled AS c ON c.unit_code = unit WHERE area > k.declared
    UNION ALL SELECT unit, 'crop', NULL, norms.crop, area FROM k, norms WHERE declared IS NULL AND area > 0
    UNION ALL SELECT unit, unnest(['wages', 'sheep', 'cattle', 'machine']), NULL, NULL, NULL
    FROM k WHERE NOT is_trader_only
    UNION ALL  -- known ones move what of the book's costs is the crops', which nobody can say without its years
    SELECT unit, 'livestock_income', NULL, NULL, NULL
    FROM k WHERE NOT is_trader_only AND livestock IS NULL AND book_e12 IS NULL
    UNION ALL SELECT unit, 'trade_income', NULL, NULL, NULL
    FROM k WHERE NOT is_trader_only AND trade IS NULL AND book_e12 IS NULL
    UNION ALL SELECT unit, unnest(['turnover', 'applied_amount']), NULL, NULL, NULL
    FROM asked JOIN traders AS t ON t.unit_code = unit
)
SELECT CAST(unit AS BIGINT) AS unit, every.what, CAST(place AS BIGINT) AS place, crop,
    CAST(least(every.most, changeable.most * CASE WHEN every.what IN ('registered_land', 'subsidised_land', 'crop')
        THEN 10000 ELSE 1 END) AS BIGINT) AS amount
FROM every JOIN changeable USING (what)
WHERE coalesce(every.most, changeable.most) > 0 OR every.what = 'settled_loan'
ORDER BY ALL
