-- Run what depends on figures of the policy: gives `outcome`, one row a unit.
SELECT unit_code, product, township_code, village_code, ppm, CAST(asked_limit AS BIGINT) AS policy_limit
FROM limited JOIN households USING (unit_code) WHERE decision = 'granted' ORDER BY unit_code
