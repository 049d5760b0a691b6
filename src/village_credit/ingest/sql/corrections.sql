-- A row that came back under an error's number mends it where it is no longer quarantined; without a number a row of
-- the same superseding key does. Of several returns the last one is what is still open.
WITH errors AS (
    SELECT source_id, line_number, settled.contract, row_key, nullif(correction_number, '') AS returned,
           left(sha256(file_sha256 || '/' || sheet || '/' || line_number), $digits) AS own_number
    FROM settled JOIN named USING (source_id) WHERE outcome = 'quarantined' AND NOT is_rejected
    UNION ALL
    SELECT source_id, line_number, contract, NULL, NULL,
        left(sha256(file_sha256 || '/' || sheet || '/' || line_number), $digits)
    FROM loose JOIN named USING (source_id) WHERE outcome = 'quarantined' AND NOT is_rejected),
numbered AS (SELECT *, coalesce(returned, own_number) AS correction_number FROM errors),
good AS (SELECT source_id, line_number, contract, row_key, nullif(correction_number, '') AS correction_number
FROM settled WHERE outcome <> 'quarantined'),
by_number AS (
    SELECT correction_number, arg_max(source_id, (source_id, line_number)) AS source_id,
        arg_max(line_number, (source_id, line_number)) AS line_number
    FROM good WHERE correction_number IS NOT NULL GROUP BY correction_number),
by_key AS (
    SELECT contract, row_key, arg_max(source_id, (source_id, line_number)) AS source_id,
        arg_max(line_number, (source_id, line_number)) AS line_number
    FROM good WHERE row_key IS NOT NULL GROUP BY ALL),
last_return AS (
    SELECT correction_number, arg_max(source_id, (source_id, line_number)) AS source_id,
        arg_max(line_number, (source_id, line_number)) AS line_number
    FROM numbered WHERE returned IS NOT NULL GROUP BY correction_number)
SELECT e.source_id, e.line_number, e.correction_number,
       CASE WHEN n.source_id IS NOT NULL OR k.source_id IS NOT NULL THEN 'corrected'
            WHEN r.source_id IS NOT NULL
                AND (r.source_id, r.line_number) <> (e.source_id, e.line_number) THEN 'retried'
                    ELSE 'open' END AS state,
       coalesce(n.source_id, k.source_id) AS corrected_by_source,
       CASE WHEN n.source_id IS NOT NULL THEN n.line_number ELSE k.line_number END AS corrected_by_line,
       CASE WHEN n.source_id IS NOT NULL THEN 'correction_number' WHEN k.source_id IS NOT NULL THEN 'key' END AS basis
FROM numbered AS e LEFT JOIN by_number AS n USING (correction_number)
LEFT JOIN by_key AS k ON k.contract = e.contract AND k.row_key = e.row_key
LEFT JOIN last_return AS r ON r.correction_number = e.correction_number
ORDER BY e.source_id, e.line_number
