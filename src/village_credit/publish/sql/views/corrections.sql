-- A quarantined row, and the row that mends it; from when the same error is known
SELECT c.*, min(r.as_of) OVER (PARTITION BY r.county_code, c.correction_number) AS first_seen_on
FROM "inner".corrections AS c JOIN "inner".run_log AS r USING (run_id)
