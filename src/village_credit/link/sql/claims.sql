-- Of several households the only agreeing one counts, else the only one where the person still is; else none.
CREATE TABLE claims AS
WITH ranked AS (
    SELECT *, agreement NOT IN ('different', 'member') AS agrees, count(*) OVER w AS households,
           count(*) FILTER (agreement NOT IN ('different', 'member')) OVER w AS agreeing,
           count(*) FILTER (is_present AND agreement NOT IN ('different', 'member')) OVER w AS agreeing_present
    FROM told WINDOW w AS (PARTITION BY person_id, name)
)
SELECT person_id, name, CASE WHEN is_told THEN unit_code END AS unit_code, person_no, agreement, place
FROM (SELECT *, households = 1 OR (agrees AND (agreeing = 1 OR (is_present AND agreeing_present = 1))) AS is_told
FROM ranked)
QUALIFY row_number() OVER (PARTITION BY person_id, name ORDER BY is_told DESC, unit_code) = 1
