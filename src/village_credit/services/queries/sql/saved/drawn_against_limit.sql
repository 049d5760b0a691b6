-- A county and month: what is drawn and not repaid at its end, against what is in force
-- title: Drawn against limit
SELECT place_code AS county_code, month, in_force_yuan, drawn_yuan, drawn_share, drawn_in_month_yuan, drawn_households
FROM statistics WHERE level = 'county' AND product = 'all'
ORDER BY county_code, month
