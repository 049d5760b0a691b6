-- Count data lines by contract and outcome, second copies of a file aside.
SELECT contract, outcome, count(*)
FROM sources JOIN reconciliation USING (source_id) WHERE outcome <> 'layout' GROUP BY ALL
