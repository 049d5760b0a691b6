-- Land that counts (limit §1): the smaller of register and subsidy; declared crops scaled down to it.
CREATE TABLE area AS
WITH owned AS (
    SELECT unit_code, sum(mu4(area_mu)) AS mu FROM parcels WHERE method_code LIKE '1__' GROUP BY unit_code
), lease AS (
    SELECT * FROM leases WHERE (starts_on IS NULL OR starts_on <= $as_of) AND (ends_on IS NULL OR ends_on >= $as_of)
), given AS (
    SELECT from_unit_code AS unit_code, sum(mu4(area_mu)) AS mu FROM lease WHERE from_unit_code IS NOT NULL GROUP BY 1
), taken AS (
    SELECT to_unit_code AS unit_code, sum(mu4(area_mu)) AS mu FROM lease WHERE to_unit_code IS NOT NULL GROUP BY 1
), subsidy AS (
    SELECT unit_code, sum(mu4(subsidised_mu)) AS mu
    FROM (SELECT *, max(year) OVER (PARTITION BY unit_code) AS latest FROM subsidies WHERE year <= year($as_of::DATE))
    WHERE year = latest GROUP BY unit_code
), known AS (
    SELECT h.unit_code, given.mu AS leased_out, taken.mu AS leased_in, subsidy.mu AS subsidised,
           CASE WHEN owned.mu IS NOT NULL OR given.mu IS NOT NULL OR taken.mu IS NOT NULL
                THEN greatest(0, coalesce(owned.mu, 0) - coalesce(given.mu, 0) + coalesce(taken.mu, 0)) END AS register
    FROM households AS h LEFT JOIN owned USING (unit_code) LEFT JOIN given USING (unit_code)
    LEFT JOIN taken USING (unit_code) LEFT JOIN subsidy USING (unit_code)
)
SELECT known.*, least(register, subsidised) AS area,  -- LEAST passes over nulls
       coalesce(abs(register - subsidised) * 1000000 > greatest(register, subsidised) * f.area_tolerance, false) AS areas_disagree
FROM known, f;

CREATE TABLE crop_area AS
WITH declared AS (
    SELECT unit_code, crop, sum(mu4(area_mu)) AS declared, sum(fen(delivered_kg)) AS delivered
    FROM (SELECT *, max(year) OVER (PARTITION BY unit_code) AS latest FROM crops WHERE year <= year($as_of::DATE))
    WHERE year = latest GROUP BY unit_code, crop
), summed AS (
    SELECT declared.*, area.area, sum(declared) OVER (PARTITION BY unit_code) AS every FROM declared JOIN area USING (unit_code)
), scaled AS (
    SELECT unit_code, crop, declared, delivered,
           CASE WHEN area IS NULL THEN 0 WHEN every <= area THEN declared ELSE down(declared * area, every) END AS worked
    FROM summed
), residual AS (
    SELECT unit_code, f.residual_crop AS crop, 0 AS declared, NULL AS delivered, max(area.area) - coalesce(sum(worked), 0) AS worked
    FROM area JOIN f ON f.residual_crop IS NOT NULL LEFT JOIN scaled USING (unit_code)
    GROUP BY unit_code, f.residual_crop HAVING max(area.area) > coalesce(sum(worked), 0)
)
SELECT unit_code, crop, sum(declared) AS declared, sum(delivered) AS delivered, sum(worked) AS worked
FROM (SELECT * FROM scaled UNION ALL SELECT * FROM residual) GROUP BY unit_code, crop;
