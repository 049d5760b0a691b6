SELECT contract,
    coalesce(CASE WHEN length(village_codes) = 1 THEN village_codes[1] END, register.village_code, '') AS village_code,
       count(*) AS records, count(*) FILTER (status = 'automatic') AS automatic,
           count(*) FILTER (status = 'confirmed') AS confirmed,
       count(*) FILTER (status = 'provisional') AS provisional, count(*) FILTER (status = 'refused') AS conflicting,
       count(*) FILTER (status = 'unlinked') AS unlinked
FROM records LEFT JOIN register USING (unit_code) GROUP BY ALL ORDER BY ALL
