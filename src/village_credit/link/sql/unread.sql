-- Whom quarantined rows of adverse lists may speak of; rows that wait because their number stays damaged are of them.
CREATE TABLE unread_told AS
WITH told AS (
    SELECT contract, name, id_number, id_status, person_id FROM unread_rows WHERE contract IN {adverse}
    UNION ALL
    SELECT contract, name, id_number, id_status, person_id FROM identified SEMI JOIN unrepaired USING (row_id)
    WHERE contract IN {adverse}
)
SELECT row_number() OVER () AS told_no, *
FROM (SELECT contract, name, id_number, id_status, person_id, count(*) AS times FROM told GROUP BY ALL);

CREATE TABLE unread_people AS  -- members whose own row is quarantined are people too
SELECT unit_code, name, person_id FROM roster
UNION
SELECT unit_code, operator_name, person_id FROM lone_traders
UNION
SELECT contractor_code, name, person_id FROM unread_rows
WHERE contract = 'land_member' AND contractor_code IN (SELECT unit_code FROM register);

CREATE TABLE unread_fits AS
WITH fits AS (
    SELECT told_no, unit_code, p.name FROM unread_told AS t JOIN unread_people AS p USING (person_id)
    UNION
    SELECT told_no, unit_code, p.name
    FROM unread_told AS t JOIN unread_people AS p ON left(p.person_id, 15) = left(t.id_number, 15)
    WHERE t.id_status = 'excel_damaged'
    UNION
    SELECT told_no, unit_code, p.name
    FROM unread_told AS t JOIN unread_people AS p ON left(p.person_id, 11) = left(t.id_number, 11)
    WHERE t.id_status = 'check_digit' AND damerau_levenshtein(p.person_id, t.id_number) = 1
    UNION
    SELECT told_no, unit_code, p.name
    FROM unread_told AS t JOIN unread_people AS p ON right(p.person_id, 6) = right(t.id_number, 6)
    WHERE t.id_status = 'check_digit' AND damerau_levenshtein(p.person_id, t.id_number) = 1
    UNION
    SELECT told_no, unit_code, p.name
    FROM unread_told AS t JOIN unread_people AS p ON p.person_id LIKE replace(t.id_number, '*', '_')
    WHERE t.id_status = 'masked'
    UNION  -- a number that shows nothing leaves the name
    SELECT told_no, unit_code, p.name FROM unread_told AS t JOIN unread_people AS p USING (name)
    WHERE t.id_status IN ('malformed', 'unrecoverable', 'empty', 'other_document')
), closer AS (  -- where the name fits one of them, the others only look like it
    SELECT told_no, unit_code FROM fits JOIN unread_told AS t USING (told_no)
    QUALIFY t.person_id IS NOT NULL OR fits.name IS NOT DISTINCT FROM t.name
        OR NOT bool_or(fits.name IS NOT DISTINCT FROM t.name) OVER (PARTITION BY told_no)
)
SELECT told_no, list(DISTINCT unit_code) AS units FROM closer GROUP BY told_no;

CREATE TABLE unread_found AS
SELECT DISTINCT unnest(units) AS unit_code, contract
FROM unread_fits JOIN unread_told USING (told_no)
WHERE person_id IS NOT NULL OR length(units) <= $most
UNION  -- an accepted entry about somebody whose own row in the register is quarantined
SELECT unit_code, contract
FROM (SELECT identified.contract, person_id FROM identified JOIN links USING (row_id)
      WHERE links.status = 'unlinked' AND identified.contract IN {adverse}) JOIN unread_people USING (person_id);

CREATE TABLE unread_counts AS
WITH judged AS (
    SELECT contract, times, CASE
        WHEN units IS NOT NULL AND (person_id IS NOT NULL OR length(units) <= $most) THEN 'known'
        WHEN units IS NULL AND id_status IN ('valid', 'valid_15', 'excel_damaged', 'check_digit', 'masked')
        THEN 'elsewhere' ELSE 'unknown' END AS found
    FROM unread_told LEFT JOIN unread_fits USING (told_no)
)
SELECT contract, CAST(coalesce(sum(times) FILTER (found = 'known'), 0) AS BIGINT) AS known,
    CAST(coalesce(sum(times) FILTER (found = 'elsewhere'), 0) AS BIGINT) AS elsewhere,
    CAST(coalesce(sum(times) FILTER (found = 'unknown'), 0) AS BIGINT) AS unknown
FROM judged GROUP BY contract
