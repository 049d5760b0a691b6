-- One decision of each shape, and how many households have it; a key that is none stands for its shape.
SELECT min_by(household_key, regexp_full_match(household_key, $pattern)) AS household_key, product, decision, band,
    any_value(limit_yuan) AS limit_yuan, term_months, reason_codes, count(*) AS households
FROM decisions
GROUP BY product, decision, band, sign(limit_yuan), term_months, reason_codes, regexp_full_match(household_key, $pattern)
ORDER BY ALL
