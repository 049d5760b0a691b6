-- Who goes on as whom where contractor codes changed. A row of `succession`: a household as it was known, and one that is
-- registered. Given: `register` (unit_code, own_key, household_key, was_decided), `known` (household_key, unit_code,
-- borrower_hash, number_hashes: whom the store knows and may miss), `numbers` (unit_code, number_hash, is_head of all who
-- are registered), `apart` (unit_code, number_hash under codes that are not), `changes` (from_code, to_code, cause, changed_on), `verdicts` (from_key, own_key, verdict),
-- `lines_of_all` (household_key, limit_yuan, owed_yuan).
CREATE TEMP TABLE met AS  -- who of whom is registered where
SELECT n.unit_code, k.household_key AS from_key, count(*) AS shared,
    bool_or(n.number_hash IS NOT DISTINCT FROM k.borrower_hash) AS holds_borrower,
    bool_or(n.is_head AND n.number_hash IS NOT DISTINCT FROM k.borrower_hash) AS has_as_head
FROM (SELECT household_key, borrower_hash, unnest(number_hashes) AS number_hash FROM known) AS k
JOIN numbers AS n USING (number_hash) GROUP BY n.unit_code, k.household_key;

CREATE TEMP TABLE here AS  -- a code was given to others where nobody of before stands under it, and somebody elsewhere
SELECT r.*, r.was_decided AND k.household_key IS NOT NULL AND m.unit_code IS NULL
        AND n.unit_code IS NOT NULL AS has_others,
    has_others AND e.from_key IS NOT NULL AS is_reused,
    has_others AND e.from_key IS NULL AS is_replaced,  -- or all their numbers were corrected: a person looks
    r.was_decided AND NOT is_reused AS is_known, coalesce(m.holds_borrower, false) AS keeps_borrower,
    k.borrower_hash IS NOT NULL AS had_borrower
FROM register AS r
LEFT JOIN (FROM known WHERE len(number_hashes) > 0) AS k ON k.household_key = r.household_key
LEFT JOIN (SELECT DISTINCT unit_code FROM numbers) AS n ON n.unit_code = r.unit_code
LEFT JOIN (SELECT DISTINCT from_key FROM met) AS e ON e.from_key = r.household_key
LEFT JOIN met AS m ON m.unit_code = r.unit_code AND m.from_key = r.household_key;

CREATE TEMP TABLE gone AS
SELECT k.* FROM known AS k LEFT JOIN here AS h USING (household_key) WHERE coalesce(h.is_reused, true);

CREATE TEMP TABLE moved AS  -- the borrower stands under a new code, and others keep the old one
SELECT h.household_key AS from_key, m.unit_code, h.unit_code AS left_unit
FROM here AS h JOIN met AS m ON m.from_key = h.household_key AND m.unit_code <> h.unit_code AND m.holds_borrower
JOIN here AS t ON t.unit_code = m.unit_code AND NOT t.is_known
WHERE h.is_known AND h.had_borrower AND NOT h.keeps_borrower;

CREATE TEMP TABLE reached AS  -- from a code that is gone, on until a registered one
WITH RECURSIVE step AS (
    SELECT from_code, to_code, cause, changed_on FROM changes
    WHERE from_code IN (SELECT unit_code FROM gone)
    UNION
    SELECT s.from_code, c.to_code, CASE WHEN s.cause = c.cause THEN s.cause END, greatest(s.changed_on, c.changed_on)
    FROM step AS s JOIN changes AS c ON c.from_code = s.to_code
    WHERE s.to_code NOT IN (SELECT unit_code FROM register) AND s.to_code <> s.from_code
)
SELECT from_code, to_code, min(cause) AS cause, max(changed_on) AS changed_on FROM step GROUP BY from_code, to_code;

CREATE TEMP TABLE in_circles AS
SELECT g.household_key AS from_key, r.changed_on FROM reached AS r JOIN gone AS g ON g.unit_code = r.from_code
WHERE r.from_code = r.to_code;

CREATE TEMP TABLE edges AS
WITH found AS (
    SELECT g.household_key AS from_key, r.to_code, r.cause, r.changed_on, 'listed' AS basis, false AS stays
    FROM reached AS r JOIN gone AS g ON g.unit_code = r.from_code
    WHERE g.household_key NOT IN (SELECT from_key FROM in_circles)
    UNION ALL  -- a part of a household that keeps its own code; or its borrower, who takes the line along
    SELECT s.household_key, c.to_code, c.cause, c.changed_on, 'listed',
        (s.household_key, c.to_code) NOT IN (SELECT (from_key, unit_code) FROM moved)
    FROM changes AS c JOIN here AS s ON s.unit_code = c.from_code AND s.is_known
    JOIN met AS m ON m.unit_code = c.to_code AND m.from_key = s.household_key
    JOIN here AS t ON t.unit_code = c.to_code AND NOT t.is_known
    UNION ALL
    SELECT v.from_key, r.unit_code, NULL, NULL, 'confirmed', false
    FROM verdicts AS v JOIN register AS r ON r.own_key = v.own_key
    WHERE v.verdict = 'same' AND (v.from_key IN (SELECT household_key FROM gone)
        OR (v.from_key, r.unit_code) IN (SELECT (from_key, unit_code) FROM moved))
)
SELECT f.from_key, h.unit_code, h.own_key, h.household_key AS kept_key, h.is_known, h.is_reused, f.stays,
    min(f.cause) AS cause, max(f.changed_on) AS changed_on,
    CASE WHEN bool_or(f.basis = 'listed') THEN 'listed' ELSE 'confirmed' END AS basis
FROM found AS f JOIN here AS h ON h.unit_code = f.to_code
GROUP BY ALL;

CREATE TEMP TABLE contradicted AS  -- a code that the list ends and under which its people still stand
SELECT DISTINCT s.household_key AS from_key, c.cause, c.changed_on
FROM changes AS c JOIN here AS s ON s.unit_code = c.from_code AND s.is_known
WHERE (s.household_key, c.to_code) NOT IN (SELECT (from_key, unit_code) FROM edges);

CREATE TEMP TABLE weighed AS
WITH held AS (
    SELECT e.*, coalesce(l.limit_yuan, 0) AS limit_yuan, coalesce(l.owed_yuan, 0) AS owed_yuan,
        coalesce(m.holds_borrower, false) AS holds_borrower, coalesce(m.has_as_head, false) AS has_as_head,
        coalesce(m.shared, 0) AS shared, (e.from_key, e.unit_code) IN (SELECT (from_key, unit_code) FROM moved) AS is_moved
    FROM edges AS e LEFT JOIN lines_of_all AS l ON l.household_key = e.from_key
    LEFT JOIN met AS m ON m.unit_code = e.unit_code AND m.from_key = e.from_key
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY from_key) AS ways_out, count(*) OVER (PARTITION BY unit_code) AS ways_in,
        count(*) FILTER (holds_borrower) OVER (PARTITION BY from_key) AS holders
    FROM held
)
SELECT *, ways_out = 1 AND ways_in = 1 AND NOT is_known AND NOT stays AND NOT is_moved AS is_recode,
    -- the household that has the line's borrower takes it; where two have him, or none, nobody does
    NOT stays AND (is_recode OR (holds_borrower AND holders = 1)) AS takes
FROM counted;

CREATE TEMP TABLE succession AS
WITH ranked AS (
    SELECT *, takes AND NOT is_known AND row_number() OVER (
        -- the line of who is the head goes on: another's contract is not his
        PARTITION BY unit_code ORDER BY takes DESC, has_as_head DESC, owed_yuan DESC, limit_yuan DESC, from_key) = 1
        AS gives_key
    FROM weighed
)
SELECT from_key, unit_code, own_key, cause, changed_on, basis, shared, holds_borrower, is_recode, limit_yuan, owed_yuan,
    coalesce(max(from_key) FILTER (gives_key) OVER (PARTITION BY unit_code), kept_key) AS household_key,
    CASE WHEN gives_key THEN 'goes_on' WHEN takes THEN 'merged' ELSE 'split_off' END AS role
FROM ranked;

CREATE TEMP TABLE anew AS  -- registered under a code whose key is another household's: theirs begins anew
SELECT h.unit_code, h.own_key, h.household_key AS from_key, h.is_reused
FROM here AS h
WHERE (h.is_reused OR h.household_key IN (
        SELECT s.from_key FROM succession AS s JOIN moved AS m USING (from_key, unit_code) WHERE s.role <> 'split_off'))
    AND h.unit_code NOT IN (SELECT unit_code FROM succession WHERE role = 'goes_on');

CREATE TEMP TABLE unregistered AS  -- gone, in no list, and perhaps delivered, under a code without a contractor
SELECT g.household_key AS from_key, count(DISTINCT a.number_hash) AS shared
FROM gone AS g JOIN apart AS a ON a.unit_code = g.unit_code OR list_contains(g.number_hashes, a.number_hash)
    OR a.unit_code IS NULL  -- a row that nobody can read may be his
WHERE g.household_key NOT IN (SELECT from_key FROM edges)
GROUP BY g.household_key;

CREATE TEMP TABLE proposed AS  -- gone or without its borrower, in no list, and somebody of it stands under another code
SELECT m.from_key, h.unit_code, h.own_key, h.household_key, m.shared, m.holds_borrower
FROM met AS m JOIN here AS h USING (unit_code)
WHERE (m.from_key IN (SELECT household_key FROM gone) OR (m.from_key, m.unit_code) IN (SELECT (from_key, unit_code) FROM moved))
    AND m.from_key NOT IN (SELECT from_key FROM edges)
    AND (m.from_key, h.own_key) NOT IN (SELECT (from_key, own_key) FROM verdicts WHERE verdict = 'other')
