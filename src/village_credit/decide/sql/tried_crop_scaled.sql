-- Declared crops, once a trial: more land of one where the trial says so, scaled down to the land that counts then.
WITH sown AS (
    SELECT t.trial, c.crop, c.declared + CASE WHEN t.what = 'crop' AND t.crop = c.crop THEN t.amount ELSE 0 END
        AS declared, c.delivered
    FROM trials AS t JOIN given_crop_scaled AS c ON c.unit_code = t.unit
    UNION ALL
    SELECT t.trial, t.crop, t.amount, NULL
    FROM trials AS t ANTI JOIN given_crop_scaled AS c ON c.unit_code = t.unit AND c.crop = t.crop
    WHERE t.what = 'crop'
), summed AS (
    SELECT sown.*, k.area, sum(sown.declared) OVER (PARTITION BY trial) AS every
    FROM sown JOIN known AS k ON k.unit_code = sown.trial
)
SELECT trial AS unit_code, crop, declared, delivered,
    CASE WHEN area IS NULL THEN 0 WHEN every <= area THEN declared ELSE down(declared * area, every) END AS worked
FROM summed
