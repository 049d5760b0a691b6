-- A table of the county's calendar, for the county or a township: what is owed, what came, what that cost
SELECT * FROM "inner".deliveries
