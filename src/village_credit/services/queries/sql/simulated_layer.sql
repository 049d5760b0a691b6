-- What a policy decides of one layer's households, by household_key and village.
SELECT u.household_key, h.village_code, o.* EXCLUDE (unit_code)
FROM outcome_{place} AS o JOIN units_{place} AS u USING (unit_code) JOIN households_{place} AS h USING (unit_code)
