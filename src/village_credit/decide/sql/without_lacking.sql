-- Leave out the rows of sources that lack a basis for their household.
SELECT given.* FROM given ANTI JOIN (SELECT unit_code FROM lacking WHERE contract = $contract) USING (unit_code)
