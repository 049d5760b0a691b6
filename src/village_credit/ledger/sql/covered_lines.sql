-- Lines that a renewal concerns and that it could see when it was signed.
SELECT place
FROM lines AS l SEMI JOIN seen AS s USING (household_key, product, ended_on)
WHERE l.ended_on <= $ending_by AND ($key IS NULL OR l.household_key = $key)
