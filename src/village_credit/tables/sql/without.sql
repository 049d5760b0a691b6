SELECT township_code, count(*) AS households_without, count(*) FILTER (decision = 'granted') AS granted_without,
       count(*) FILTER (decision = 'manual_review') AS manual_review_without,
       count(*) FILTER (decision = 'declined') AS declined_without,
       list_sort(list_distinct(list(reason_codes[1]) FILTER (decision = 'manual_review' AND len(reason_codes) > 0)))
           AS review_reasons_without
FROM registered LEFT JOIN decided USING (unit_code) {less} GROUP BY {by}
