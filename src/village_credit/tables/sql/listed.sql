-- A row referred after the run's day is nobody's yet: what was decided answers an earlier one.
SELECT k.household_key, r.referral_batch, r.shop_name, r.operator_name, r.referred_on
FROM rows AS r
LEFT JOIN (SELECT row_id, unit_code FROM links WHERE status IN ('automatic', 'confirmed')) AS l USING (row_id)
LEFT JOIN traders AS t ON t.unit_code = l.unit_code AND t.referred_on >= r.referred_on
LEFT JOIN keys AS k ON k.unit_code = t.unit_code ORDER BY r.referral_batch, r.row_id
