SELECT d.household_key, d.product, d.reason_codes, w.model_limit_yuan, w.policy_limit_yuan, w.review_limit_yuan, i.name,
       coalesce(t.place_name, '') || coalesce(v.place_name, d.village_code) AS village
FROM decisions AS d JOIN waterfall AS w USING (household_key) LEFT JOIN identities AS i USING (household_key)
LEFT JOIN places AS v ON v.level = 'village' AND v.place_code = d.village_code
LEFT JOIN places AS t ON t.level = 'township' AND t.place_code = d.township_code
WHERE d.decision = 'manual_review' ORDER BY d.village_code, d.household_key
