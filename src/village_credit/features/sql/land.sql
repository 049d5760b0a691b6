-- Land: what the register says less leases out plus leases in, in force on the day; and how it is used.
WITH registered AS (
    SELECT unit_code, sum(area_mu) AS mu
    FROM parcels  -- the limit's own rule
    WHERE coalesce(method_code LIKE '1__' OR list_contains($counted_methods::VARCHAR[], method_code), true)
    GROUP BY unit_code
), leased AS (
    SELECT unit_code, sum(mu) AS mu FROM (
        SELECT from_unit_code AS unit_code, -area_mu AS mu FROM leases
        WHERE from_unit_code IS NOT NULL AND (starts_on IS NULL OR starts_on <= $as_of)
            AND (ends_on IS NULL OR ends_on >= $as_of)
        UNION ALL
        SELECT to_unit_code, area_mu FROM leases
        WHERE to_unit_code IS NOT NULL AND (starts_on IS NULL OR starts_on <= $as_of)
            AND (ends_on IS NULL OR ends_on >= $as_of)
    ) GROUP BY unit_code
), sown AS (
    SELECT unit_code, count(DISTINCT crop) AS crops,
           sum(area_mu) FILTER (crop = '棉花')::DOUBLE / nullif(sum(area_mu), 0)::DOUBLE AS cotton
    FROM crops WHERE year < year($as_of::DATE)
    AND year = (SELECT max(year) FROM crops AS latest WHERE latest.unit_code = crops.unit_code
        AND latest.year < year($as_of::DATE))
    GROUP BY unit_code
)
SELECT h.unit_code,
       greatest(0, coalesce(r.mu, 0) + coalesce(l.mu, 0))::DOUBLE AS land_mu,
       sown.crops::DOUBLE AS crop_count,
       sown.cotton AS cotton_share
FROM households AS h LEFT JOIN registered AS r USING (unit_code) LEFT JOIN leased AS l USING (unit_code)
LEFT JOIN sown USING (unit_code)
