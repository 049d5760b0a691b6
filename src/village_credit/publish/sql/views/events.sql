-- A household and what happened to it between the last publication and a run, or what of its line falls due
SELECT * FROM "inner".events
