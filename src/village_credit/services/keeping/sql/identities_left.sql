-- A run's identities without some rows (by place, from 0), and without the hashed numbers of who goes.
SELECT * EXCLUDE (place) REPLACE (list_filter(number_hashes, lambda number: NOT list_contains($hashes, number)) AS number_hashes)
FROM (SELECT *, row_number() OVER () - 1 AS place FROM given) WHERE NOT list_contains($gone, place) ORDER BY place
