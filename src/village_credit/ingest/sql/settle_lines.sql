-- Each physical line its one outcome: source_id, line_number, outcome, row_id.
CREATE TEMP VIEW settled AS
SELECT spans.* REPLACE (coalesce(gone.outcome, spans.outcome) AS outcome) FROM spans LEFT JOIN gone USING (row_id)
