-- A county and product in the latest month: its part of all that is in force there
-- title: Share by product
-- in_force_share: Of all that is in force in the county, share 0–1; null where nothing is
SELECT place_code AS county_code, product, month, credited_households, in_force_yuan,
    in_force_yuan / nullif(sum(in_force_yuan) OVER (PARTITION BY place_code, month), 0) AS in_force_share, drawn_yuan
FROM statistics WHERE level = 'county' AND product <> 'all'
QUALIFY month = max(month) OVER ()
ORDER BY county_code, in_force_yuan DESC, product
