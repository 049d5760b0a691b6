-- Lines in force that end by a day, and those that are over and wait.
SELECT count(*), coalesce(sum(limit_yuan), 0)::BIGINT
FROM lines JOIN ends USING (household_key, product)
WHERE ended_on <= $ending_by
