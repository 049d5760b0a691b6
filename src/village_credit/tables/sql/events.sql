-- Household_key, event, how often it happened, due_on.
CREATE TEMP VIEW {name}_before AS SELECT household_key, k.* EXCLUDE (unit_code)
FROM {name}_kept AS k JOIN units USING (unit_code)
