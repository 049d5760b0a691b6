-- Lines with their outcomes, but those of quarantined rows that another row mended: what was wrong there is no more.
WITH mended AS (
    SELECT r.source_id, r.line_number, r.row_id FROM reconciliation AS r
    JOIN corrections AS c USING (source_id, line_number) WHERE c.state = 'corrected'
)
SELECT r.* FROM reconciliation AS r ANTI JOIN mended USING (source_id, line_number)
ANTI JOIN (SELECT row_id FROM mended WHERE row_id IS NOT NULL) AS rows_of USING (row_id)
