-- Household_key and its groups; of several publications, the last that knows a household's borrower.
SELECT household_key, g.* EXCLUDE (unit_code), {place} AS place FROM groups AS g JOIN units USING (unit_code)
