-- Land that counts (limit §1): the smaller of register and subsidy; what is left of it may count as a crop.
CREATE TABLE area AS
SELECT area_known.*, coalesce(abs(register - subsidised) * 1000000 > greatest(register, subsidised) * f.area_tolerance, false) AS areas_disagree
FROM area_known, f;

CREATE TABLE crop_area AS
WITH residual AS (
    SELECT unit_code, f.residual_crop AS crop, 0 AS declared, NULL AS delivered, max(area.area) - coalesce(sum(worked), 0) AS worked
    FROM area JOIN f ON f.residual_crop IS NOT NULL LEFT JOIN crop_scaled USING (unit_code)
    GROUP BY unit_code, f.residual_crop HAVING max(area.area) > coalesce(sum(worked), 0)
)
SELECT unit_code, crop, sum(declared) AS declared, sum(delivered) AS delivered, sum(worked) AS worked
FROM (SELECT unit_code, crop, declared, delivered, worked FROM crop_scaled UNION ALL SELECT * FROM residual) GROUP BY unit_code, crop;
