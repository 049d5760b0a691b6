-- A row a village of the land register, called by its issuers' names and addresses; a pattern is a constant here, for
-- one that stands in a column is compiled anew for each row.
CREATE TABLE places AS
WITH texts AS (
    SELECT left(current_area(issuer_code), 12) AS village_code, left(current_area(issuer_code), 9) AS township_code,
           unnest([issuer_name, issuer_address]) AS text
    FROM issuers
), parsed AS (  -- county, township and village by how the kinds of places end
    SELECT village_code, township_code,
        regexp_extract(text, '^(?:.{1,30}(?:县|市|旗))?([^县市旗]{1,10}?(?:民族乡|乡|镇|街道|苏木|农场|牧场|林场|园艺场|良种场|管委会))', 1)
            AS township_name,
        regexp_extract(text, '^(?:.{1,30}(?:县|市|旗))?(?:[^县市旗]{1,10}?(?:民族乡|乡|镇|街道|苏木|农场|牧场|林场|园艺场|良种场|管委会))?'
            '(.{1,12}?(?:村|社区|连|队|嘎查))', 1) AS village_name
    FROM texts WHERE text IS NOT NULL
), townships AS (
    SELECT township_code, mode(township_name ORDER BY township_name) AS township_name
    FROM parsed WHERE township_name <> '' GROUP BY township_code
)
SELECT village_code, township_code, max(coalesce(townships.township_name, '')) AS township_name,
       mode(village_name ORDER BY village_name) FILTER (village_name <> '') AS village_name
FROM parsed LEFT JOIN townships USING (township_code) GROUP BY village_code, township_code
