-- The last day on which something of each household's contracts moved: signed, drawn or repaid.
SELECT household_key, any_value(county_code) AS county_code, max(moved_on) AS moved_on
FROM (
    SELECT household_key, county_code, signed_on AS moved_on FROM contracts
    UNION ALL SELECT household_key, NULL, drawn_on FROM draws
    UNION ALL SELECT household_key, NULL, paid_on FROM repayments
)
WHERE list_contains($keys, household_key) GROUP BY household_key ORDER BY household_key
