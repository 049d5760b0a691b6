-- A month at whose end a quarter, or what is known, ended: a county's lines, what they come to, contracts and drawn money
SELECT month, credited_households, in_force_yuan, contracts, drawn_yuan
FROM statistics
WHERE level = 'county' AND place_code = ? AND product = 'all'
    AND (month(counted_on + 1) IN (1, 4, 7, 10) OR counted_on = (SELECT max(counted_on) FROM statistics))
ORDER BY month
