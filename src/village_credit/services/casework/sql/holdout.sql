-- Households that only the score declines and whose other terms carry a line, with what the hold-out would grant each.
SELECT * FROM (
    SELECT d.household_key, d.product,
        CAST(least(w.capacity_yuan, $cap, w.need_yuan, w.headroom_yuan, w.rise_yuan, w.branch_yuan) // $step * $step
            AS BIGINT) AS limit_yuan
    FROM read_parquet($decisions, hive_partitioning = false) AS d
    JOIN read_parquet($waterfall, hive_partitioning = false) AS w USING (household_key, product)
    WHERE d.decision = 'declined' AND d.reason_codes = $grounds
        AND w.capacity_yuan IS NOT NULL AND w.need_yuan IS NOT NULL
) ANTI JOIN said USING (household_key)
WHERE limit_yuan >= $ticket
ORDER BY household_key, product
