-- A referred trader of each published run that decided it: when decided and first drawn, on two clocks of working days
SELECT * FROM "inner".referrals_clocked SEMI JOIN "inner".publications USING (run_id)
