-- Say of each household of `features`, in its order, whether its head's name is long; for memory only.
SELECT coalesce(shape = 'long', false) AS is_long FROM features LEFT JOIN shapes USING (unit_code) ORDER BY unit_code
