SELECT household_key, unit_code, name, person_id, number_hashes FROM identities
QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY place DESC) = 1
ORDER BY household_key
