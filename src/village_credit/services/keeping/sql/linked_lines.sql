-- The lines that a run found to be of some households: file, sheet and number, with the household.
SELECT DISTINCT file_sha256, sheet, line_number, household_key FROM rows WHERE list_contains($keys, household_key)
