-- Conduct whose arrears were repaired (excused as proven relief is: unknown, neither good nor bad), and listings that count
-- no more: repaired, or each of their reasons older than it may be.
CREATE TEMP TABLE conducts_read AS
SELECT row_number() OVER () AS place, *, coalesce(overdue_since BETWEEN $overdue_from::DATE AND $overdue_to::DATE
    AND max_overdue_yuan > 0 AND max_overdue_yuan <= $most_yuan::BIGINT AND cured_on <= $cured_by::DATE AND cured_on <= $as_of::DATE
    AND days_overdue = 0, false) AS is_repaired
FROM conducts;

CREATE TEMP TABLE negatives_aged AS
WITH coded AS (
    SELECT row_number() OVER () AS place, *,
        list_filter(string_split_regex(trim(reason_code), '[,，;；、/ ]+'), lambda code: code <> '') AS codes
    FROM negatives
), over_age AS (
    SELECT c.place, count(*) AS codes_over
    FROM coded AS c, unnest(c.codes) AS u (code)
    JOIN listing_months AS m ON m.code = u.code
    WHERE c.listed_on + to_months(CAST(m.months AS INTEGER)) <= $as_of::DATE
    GROUP BY c.place
)
SELECT c.*, coalesce($listings AND repaired_on <= $as_of::DATE, false)
    OR coalesce(o.codes_over = len(c.codes), false) AS is_out
FROM coded AS c LEFT JOIN over_age AS o USING (place);

CREATE TEMP VIEW conducts_left AS
SELECT * EXCLUDE (place, is_repaired) REPLACE (
    is_repaired OR is_relief AS is_relief, CASE WHEN is_repaired THEN coalesce(relief_proof, '信用修复')
        ELSE relief_proof END AS relief_proof)
FROM conducts_read ORDER BY place;

CREATE TEMP VIEW negatives_left AS
SELECT * EXCLUDE (place, codes, is_out) FROM negatives_aged WHERE NOT is_out ORDER BY place;

CREATE TEMP VIEW repair_noted AS
SELECT DISTINCT unit_code, 'CONDUCT_REPAIRED' AS code FROM conducts_read WHERE is_repaired
UNION SELECT DISTINCT unit_code, 'LISTING_REPAIRED' FROM negatives_aged WHERE is_out
