WITH found AS (
    SELECT h.township_code, h.unit_code, dated, is_current FROM dated
    JOIN (SELECT DISTINCT row_id, unit_code FROM links WHERE unit_code IS NOT NULL) USING (row_id)
    JOIN registered AS h USING (unit_code)),
counted AS (
    SELECT township_code, count(*) AS rows, count(*) FILTER (is_current) AS current_rows, max(dated)::VARCHAR AS newest
    FROM found GROUP BY township_code)
SELECT t.township_code, coalesce(rows, 0) AS rows, coalesce(current_rows, 0) AS current_rows, newest, t.households,
       w.households_without, w.granted_without, w.manual_review_without, w.declined_without, w.review_reasons_without
FROM (SELECT township_code, count(*) AS households FROM registered GROUP BY township_code) AS t
LEFT JOIN counted USING (township_code)
LEFT JOIN ({without}) AS w USING (township_code) ORDER BY t.township_code
