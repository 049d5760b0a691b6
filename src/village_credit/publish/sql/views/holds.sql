-- A household that is stopped now; why stands in the ledger, for it may name people
SELECT * FROM "inner".held ORDER BY county_code, household_key
