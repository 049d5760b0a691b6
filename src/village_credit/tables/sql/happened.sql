-- Of the bank's lists only what is new counts: a loan of a product more than before, an entry or an objection that
-- was not there.
WITH loans AS (SELECT household_key, product_name, count(*) AS loans FROM loans_open_now GROUP BY ALL),
loans_before AS (SELECT household_key, product_name, count(*) AS loans FROM loans_open_before GROUP BY ALL),
happened AS (
    SELECT n.household_key, 'new_exposure' AS event, n.loans - coalesce(b.loans, 0) AS times
    FROM loans AS n LEFT JOIN loans_before AS b USING (household_key, product_name) WHERE n.loans > coalesce(b.loans, 0)
    UNION ALL
    SELECT household_key, 'listing', 1
    FROM (SELECT household_key, reason_code, listed_on FROM negatives_now EXCEPT SELECT household_key, reason_code,
        listed_on FROM negatives_before)
    UNION ALL
    SELECT household_key, 'objection', 1
    FROM (SELECT household_key, objection_type, registered_on, disputed_data FROM objections_now
                                               EXCEPT SELECT household_key, objection_type, registered_on,
                                                   disputed_data FROM objections_before)
    UNION ALL
    SELECT household_key, 'relief', 1
    FROM (SELECT household_key FROM affected_now EXCEPT SELECT household_key FROM affected_before)
)
SELECT household_key, event, CAST(sum(times) AS BIGINT) AS happened, CAST(NULL AS DATE) AS due_on
FROM happened GROUP BY household_key, event
