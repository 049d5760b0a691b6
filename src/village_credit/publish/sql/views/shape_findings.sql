-- What is the matter with a parcel's shape, or with a delivered map as a whole; no limit hangs on it
SELECT * FROM "inner".shape_findings
