-- A gate of the runs in force that does not pass, failed ones first
SELECT gate, value, threshold, verdict, explanation FROM gates
WHERE list_contains($runs, run_id) AND verdict <> 'pass'
ORDER BY list_position(['fail', 'warn'], verdict), gate, run_id
