WITH needed AS (
    SELECT s.unit_code, s.contract, h.county_code, h.township_code, h.village_code
    FROM sources AS s JOIN households AS h USING (unit_code)
    WHERE s.contract NOT IN (SELECT contract FROM exempt)
), bases AS (
    SELECT *, CASE WHEN area_code LIKE '__0000' THEN 2 ELSE length(area_code) END AS digits FROM legal_basis
), covering AS (
    SELECT DISTINCT n.unit_code, n.contract
    FROM needed AS n
    JOIN bases AS b ON b.contract = n.contract
        AND b.area_code IN (left(n.county_code, 2) || '0000', n.county_code, n.township_code, n.village_code)
    QUALIFY b.digits = max(b.digits) OVER (PARTITION BY n.unit_code, n.contract)
        AND $as_of BETWEEN b.starts_on AND b.ends_on
)
SELECT unit_code, contract FROM needed ANTI JOIN covering USING (unit_code, contract) ORDER BY unit_code, contract
