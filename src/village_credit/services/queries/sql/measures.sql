-- The households that are offered each measure of relief, on one side.
SELECT measure, count(DISTINCT household_key) AS households FROM {offered} GROUP BY measure
