-- A village name of two townships is settled by any office's row of the same whole number that names one township.
UPDATE located SET village_codes = told.codes
FROM (
    SELECT row_id, list_filter(village_codes, lambda code: left(code, 9) = township) AS codes
    FROM located JOIN (
        SELECT person_id, min(left(village_codes[1], 9)) AS township FROM located
        WHERE person_id IS NOT NULL AND length(village_codes) = 1
        GROUP BY person_id HAVING count(DISTINCT left(village_codes[1], 9)) = 1
    ) USING (person_id)
    WHERE length(village_codes) > 1
) AS told
WHERE located.row_id = told.row_id AND length(told.codes) = 1
