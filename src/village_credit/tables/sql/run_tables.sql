-- Every table of a run except its gates.
CREATE VIEW first_lines AS SELECT row_id, source_id, min(line_number) AS line_number
FROM reconciliation WHERE row_id IS NOT NULL GROUP BY ALL
