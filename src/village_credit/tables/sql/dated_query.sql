-- A contract's rows with their date or year, none later than the run's day, and whether they are current.
SELECT row_id, CASE WHEN {field} <= {latest} THEN {field} END AS dated, {is_current} AS is_current FROM settled
