-- A household and a thing that alone reaches its next step: what is asked of whom, and what is decided then.
WITH every AS (
    SELECT a.household_key, turn, t.unit AS household, t.what, d.product, d.limit_yuan, d.band, a.target_yuan,
        h."by", contract, office, h.unit,
        CASE WHEN e.what IS NULL AND h.unit <> '' THEN CAST(t.amount AS DECIMAL(18, 4)) / h.scale END AS amount, t.crop,
        l.product_name AS loan,
        CASE WHEN l.place IS NOT NULL THEN CAST(l.balance_fen AS DOUBLE) / 100 ELSE v.value_now END AS value_now,
        e.value_then, e.is_below, t.place
    FROM trials AS t JOIN decided AS d USING (trial) JOIN asked AS a ON a.unit = t.unit JOIN things AS h USING (what)
    LEFT JOIN loans AS l ON l.place = t.place
    LEFT JOIN edges AS e ON e.what = t.what AND e.amount = t.amount
    LEFT JOIN feature_values AS v ON v.unit = t.unit AND v.what = t.what
)
FROM every
QUALIFY row_number() OVER (PARTITION BY household, what ORDER BY amount, place, crop) = 1
ORDER BY household_key, turn
