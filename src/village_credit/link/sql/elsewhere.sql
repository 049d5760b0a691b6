-- Every record of the residue goes to the village next in kind (the share of long names): whatever is accepted there
-- is false. Relatives live in their own village, so strict rules look better here than they are.
CREATE OR REPLACE TABLE residue AS
WITH kinds AS (
    SELECT village_code, row_number() OVER (ORDER BY round(avg(is_long::INT), 1), village_code) AS place
    FROM roster_names JOIN roster_units USING (unit_code) JOIN name_keys USING (name) GROUP BY village_code
), moved AS (
    SELECT a.village_code, b.village_code AS elsewhere FROM kinds AS a JOIN kinds AS b
      ON b.place = CASE WHEN a.place = (SELECT max(place) FROM kinds) THEN 1 ELSE a.place + 1 END
    WHERE (SELECT count(*) FROM kinds) > 1
)
SELECT residue_given.* REPLACE ([elsewhere] AS village_codes)
FROM residue_given JOIN moved ON village_codes[1] = moved.village_code
