SELECT household_key, product, arg_max(owed_yuan, day) AS drawn_yuan
FROM owed WHERE day < $as_of GROUP BY ALL ORDER BY ALL
