-- Take rows of a shared village name out of the links, unless their household lies in one of the villages.
SELECT row_id, 'VILLAGE_AMBIGUOUS' AS reason_code
FROM identified JOIN links USING (row_id) LEFT JOIN register USING (unit_code)
WHERE length(village_codes) > 1 AND NOT coalesce(list_contains(village_codes, register.village_code), false)
  AND links.status <> 'refused'
ORDER BY row_id
