-- Whom another product serves (a relief window keeps his line) gets no loan of the referral: that is its result.
SELECT k.household_key, h.county_code, batch_label(t.referral_batch) AS referral_batch, t.referred_on, t.applied_yuan,
       CASE WHEN d.product <> 'trader_loan' AND d.decision = 'granted' THEN 'declined' ELSE d.decision END AS decision,
       CASE WHEN d.product <> 'trader_loan' THEN 0 ELSE d.limit_yuan END AS limit_yuan,
       CAST($decision_days AS INTEGER) AS decision_days, CAST($draw_days AS INTEGER) AS draw_days
FROM traders AS t JOIN keys AS k USING (unit_code) JOIN households AS h USING (unit_code)
LEFT JOIN decisions AS d USING (unit_code)
ORDER BY k.household_key
