-- Unit_code and `long` or `short` by the head's name: for memory only, never stored.
SELECT unit_code, CASE WHEN {is_long_name} THEN 'long' ELSE 'short' END AS shape FROM identities
QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY relation = 'head' DESC, member_no) = 1 ORDER BY unit_code
