-- A gate of a run
SELECT g.*, overridden_by FROM "inner".gates AS g LEFT JOIN "inner".overrides USING (run_id, gate)
