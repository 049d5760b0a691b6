SELECT unit_code, member_no, relation, sex, birth_date, is_living, is_resident, person_id IS NOT NULL
    AND owns_number AS has_valid_id
FROM roster WHERE birth_date IS NULL OR birth_date <= $minor_born
UNION ALL
SELECT unit_code, 1, 'head', CASE WHEN CAST(substr(person_id, 17, 1) AS INTEGER) % 2 = 1 THEN 1 ELSE 2 END,
       try_strptime(substr(person_id, 7, 8), '%Y%m%d')::DATE, true, true, true
FROM lone_traders
ORDER BY unit_code, member_no
