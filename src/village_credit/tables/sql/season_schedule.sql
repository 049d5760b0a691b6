-- A season of a granted revolving line, of a crop that its household grows; nothing is due after the line's last day.
SELECT d.household_key, d.product, w.season, w.crop, greatest(w.opens_on, d.valid_from) AS opens_on,
    least(w.closes_on, d.valid_to) AS closes_on, least(w.due_on, d.valid_to) AS due_on,
    CAST(d.limit_yuan * w.share_ppm // 1000000 // $step * $step AS BIGINT) AS amount_yuan
FROM decisions AS d JOIN windows AS w ON w.product = d.product
WHERE d.decision = 'granted' AND d.revolving AND w.opens_on <= d.valid_to AND w.closes_on >= d.valid_from
    AND d.limit_yuan * w.share_ppm // 1000000 >= $step
    AND (w.crop IS NULL OR EXISTS (
        SELECT 1 FROM crop_terms AS c
        WHERE c.household_key = d.household_key AND c.crop = w.crop AND c.crop_mu > 0))
ORDER BY d.household_key, d.product, opens_on, w.season
