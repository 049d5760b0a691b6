WITH needed AS (
    SELECT s.unit_code, s.contract, h.county_code, h.township_code, h.village_code
    FROM sources AS s JOIN households AS h USING (unit_code)
    WHERE s.contract NOT IN (SELECT contract FROM exempt)
), covering AS (
    SELECT DISTINCT n.unit_code, n.contract
    FROM needed AS n
    JOIN legal_basis AS b ON b.contract = n.contract AND b.area_code IN (n.county_code, n.township_code, n.village_code)
    QUALIFY length(b.area_code) = max(length(b.area_code)) OVER (PARTITION BY n.unit_code, n.contract)
        AND $as_of BETWEEN b.starts_on AND b.ends_on
)
SELECT unit_code, contract FROM needed ANTI JOIN covering USING (unit_code, contract) ORDER BY unit_code, contract
