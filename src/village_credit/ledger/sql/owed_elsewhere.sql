-- What is owed on lines that are no longer in force, of the households asked for.
SELECT o.* FROM owed AS o SEMI JOIN asked USING (household_key) ANTI JOIN lines USING (household_key, product)
ORDER BY household_key, product
