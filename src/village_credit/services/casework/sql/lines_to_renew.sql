-- Granted lines in force that end by a day, and those that are over and wait: nothing else starts a term.
SELECT count(*), coalesce(sum(limit_yuan), 0)::BIGINT
FROM lines JOIN ends USING (household_key, product)
WHERE ended_on <= $ending_by AND (decision = 'granted' OR valid_to IS NULL)
