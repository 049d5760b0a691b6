-- Listings that still count.
SELECT * EXCLUDE (entry_no, is_lifted) FROM lifted WHERE NOT is_lifted ORDER BY entry_no
