-- A referred trader, as the batch was last published: when it was decided and first drew, on two clocks of working days
WITH published AS (
    SELECT run_id, max(number) AS number FROM "inner".publications GROUP BY run_id
)
SELECT r.* FROM "inner".referrals_clocked AS r JOIN published AS p USING (run_id)
QUALIFY p.number = max(p.number) OVER (PARTITION BY r.county_code, r.referral_batch)
