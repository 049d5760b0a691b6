-- A referred trader and run: when decided and first drawn, on two clocks of working days. Beside referrals and
-- draws it reads
-- publications (run_id, product, published_on), branch_limits (run_id, household_key, product, branch_limit_yuan,
-- branch_limit_on, is_last) and working_calendar (day, working_days). Due: the last day in time.
WITH referred AS (  -- a run of another product decides no referral
    SELECT * FROM {referrals}
    ANTI JOIN (SELECT run_id FROM {publications} WHERE product <> 'trader_loan') USING (run_id)
), told AS (
    SELECT r.*, p.published_on FROM referred AS r LEFT JOIN {publications} AS p USING (run_id)
), decided AS (  -- the first publication that decides it, whichever run's row one looks at
    SELECT county_code, household_key, referral_batch, referred_on,
        min(published_on) FILTER (decision <> 'manual_review') AS decided_on
    FROM told GROUP BY ALL
), days_drawn AS (  -- a draw that was taken back has an equal one below nothing beside it
    SELECT household_key, drawn_on FROM (
        SELECT NULL::VARCHAR AS contract_key, NULL::DECIMAL(18, 2) AS amount_yuan WHERE false
        UNION ALL BY NAME FROM {draws})
    WHERE product = 'trader_loan'
    GROUP BY contract_key, household_key, drawn_on HAVING coalesce(sum(amount_yuan), 1) > 0
), drawn AS (
    SELECT household_key, referral_batch, referred_on, min(drawn_on) AS first_drawn_on
    FROM decided JOIN days_drawn USING (household_key) WHERE drawn_on >= referred_on GROUP BY ALL
), refused AS (  -- by the branch: nobody owes a draw any more
    SELECT run_id, household_key, min(branch_limit_on) AS refused_on FROM {branch_limits}
    WHERE product = 'trader_loan' AND branch_limit_yuan = 0 AND is_last GROUP BY ALL
), known AS (
    SELECT min(day) AS first_day, max(day) AS last_day FROM {working_calendar}
), reached AS (
    SELECT working_days, min(day) AS day FROM {working_calendar} GROUP BY working_days
), days AS (
    SELECT r.run_id, r.household_key, r.county_code, r.referral_batch, r.referred_on, r.applied_yuan, r.decision,
        r.limit_yuan, d.decided_on, w.first_drawn_on, r.decision_days, r.draw_days, decision = 'granted' AS is_granted,
        -- greatest would pass over an unknown day
        CASE WHEN a.day IS NOT NULL THEN greatest(r.referred_on, a.day) END AS decision_due_on,
        CASE WHEN b.day IS NOT NULL AND decision = 'granted' THEN greatest(r.referred_on, b.day) END AS draw_due_on,
        f.working_days - s.working_days AS decision_working_days,
        g.working_days - s.working_days AS draw_working_days,
        coalesce(w.first_drawn_on, n.refused_on) AS draw_ended_on,
        e.working_days - s.working_days AS draw_ended_days, first_day, last_day
    FROM referred AS r JOIN decided AS d USING (county_code, household_key, referral_batch, referred_on)
    LEFT JOIN drawn AS w USING (household_key, referral_batch, referred_on)
    LEFT JOIN refused AS n USING (run_id, household_key)
    LEFT JOIN {working_calendar} AS s ON s.day = r.referred_on
    LEFT JOIN {working_calendar} AS f ON f.day = d.decided_on
    LEFT JOIN {working_calendar} AS g ON g.day = w.first_drawn_on
    LEFT JOIN {working_calendar} AS e ON e.day = coalesce(w.first_drawn_on, n.refused_on)
    LEFT JOIN reached AS a ON a.working_days = s.working_days + r.decision_days
    LEFT JOIN reached AS b ON b.working_days = s.working_days + r.draw_days
    CROSS JOIN known
), ends AS (  -- both clocks as one kind of row: its end, days allowed, days taken, last day in time
    SELECT *, {{'end': decided_on, 'days': decision_days, 'taken': decision_working_days, 'due': decision_due_on}} AS c,
        {{'end': draw_ended_on, 'days': draw_days, 'taken': draw_ended_days, 'due': draw_due_on}} AS d
    FROM days
), clocked AS (  -- the same day is the referral's own, not the Saturday after it, though no working day has passed
    SELECT * EXCLUDE (c, d),
        CASE WHEN c.days IS NULL OR c.end < referred_on OR (c.end IS NOT NULL AND c.taken IS NULL)
                OR (c.end IS NULL AND c.due IS NULL) THEN 'not_known'
            WHEN c.end IS NULL THEN 'open' WHEN c.end = referred_on THEN 'same_day'
            WHEN c.taken <= c.days THEN 'in_time' ELSE 'late' END AS decision_clock,
        CASE WHEN NOT coalesce(is_granted, false)
            OR (first_drawn_on IS NULL AND draw_ended_on <= draw_due_on) THEN 'none'
            WHEN d.days IS NULL OR d.end < referred_on OR (d.end IS NOT NULL AND d.taken IS NULL)
                OR (d.end IS NULL AND d.due IS NULL) THEN 'not_known'
            WHEN d.end IS NULL THEN 'open' WHEN d.end = referred_on THEN 'same_day'
            WHEN d.taken <= d.days THEN 'in_time' ELSE 'late' END AS draw_clock
    FROM ends
)
SELECT * EXCLUDE (is_granted, draw_ended_on, draw_ended_days, first_day, last_day),
    CASE WHEN decision_clock <> 'not_known' AND draw_clock <> 'not_known' THEN NULL
        WHEN decision_days IS NULL OR draw_days IS NULL THEN 'the policy names no days'
        WHEN decided_on < referred_on THEN 'decided before it was referred'
        ELSE 'working days are known from ' || coalesce(first_day::VARCHAR, '?') || ' to '
            || coalesce(last_day::VARCHAR, '?') || ' only' END AS clock_note
FROM clocked
