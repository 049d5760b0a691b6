-- Who goes on as whom where contractor codes changed. A row of `succession`: a household that is gone (or that split and
-- stays) and one that is registered. Given: `gone` (household_key, unit_code, borrower_hash, number_hashes), `register`
-- (unit_code, own_key, household_key, is_known), `numbers` (unit_code, number_hash, is_head of those in question), `changes`
-- (from_code, to_code, cause, changed_on), `verdicts` (from_key, own_key, verdict), `lines_of_all` (household_key,
-- limit_yuan, owed_yuan).
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
    UNION ALL  -- a part of a household that keeps its own code
    SELECT s.household_key, c.to_code, c.cause, c.changed_on, 'listed', true
    FROM changes AS c JOIN register AS s ON s.unit_code = c.from_code
    WHERE s.is_known
    UNION ALL
    SELECT v.from_key, r.unit_code, NULL, NULL, 'confirmed', false
    FROM verdicts AS v JOIN gone AS g ON g.household_key = v.from_key JOIN register AS r ON r.own_key = v.own_key
    WHERE v.verdict = 'same'
)
SELECT f.from_key, r.unit_code, r.own_key, r.household_key AS own_or_kept, r.is_known, f.stays,
    min(f.cause) AS cause, max(f.changed_on) AS changed_on,
    CASE WHEN bool_or(f.basis = 'listed') THEN 'listed' ELSE 'confirmed' END AS basis
FROM found AS f JOIN register AS r ON r.unit_code = f.to_code
WHERE NOT (f.stays AND r.is_known)
GROUP BY ALL;

CREATE TEMP TABLE weighed AS
WITH held AS (
    SELECT e.*, coalesce(l.limit_yuan, 0) AS limit_yuan, coalesce(l.owed_yuan, 0) AS owed_yuan,
        EXISTS (SELECT 1 FROM numbers AS n JOIN gone AS g ON g.borrower_hash = n.number_hash
                WHERE n.unit_code = e.unit_code AND g.household_key = e.from_key) AS holds_borrower,
        EXISTS (SELECT 1 FROM numbers AS n JOIN gone AS g ON g.borrower_hash = n.number_hash
                WHERE n.unit_code = e.unit_code AND g.household_key = e.from_key AND n.is_head) AS has_as_head,
        (SELECT count(*) FROM numbers AS n JOIN gone AS g ON list_contains(g.number_hashes, n.number_hash)
         WHERE n.unit_code = e.unit_code AND g.household_key = e.from_key) AS shared
    FROM edges AS e LEFT JOIN lines_of_all AS l ON l.household_key = e.from_key
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY from_key) AS ways_out, count(*) OVER (PARTITION BY unit_code) AS ways_in,
        count(*) FILTER (holds_borrower) OVER (PARTITION BY from_key) AS holders
    FROM held
)
SELECT *, ways_out = 1 AND ways_in = 1 AND NOT is_known AND NOT stays AS is_recode,
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
    coalesce(max(from_key) FILTER (gives_key) OVER (PARTITION BY unit_code), own_or_kept) AS household_key,
    CASE WHEN gives_key THEN 'goes_on' WHEN takes THEN 'merged' ELSE 'split_off' END AS role
FROM ranked;

CREATE TEMP TABLE proposed AS  -- gone, in no list, and somebody of it stands in a household that nobody knew
SELECT g.household_key AS from_key, r.unit_code, r.own_key, r.household_key, count(*) AS shared,
    bool_or(n.number_hash = g.borrower_hash) AS holds_borrower
FROM gone AS g, unnest(g.number_hashes) AS h (number_hash)
JOIN numbers AS n ON n.number_hash = h.number_hash
JOIN register AS r ON r.unit_code = n.unit_code AND NOT r.is_known
WHERE g.household_key NOT IN (SELECT from_key FROM edges)
    AND (g.household_key, r.own_key) NOT IN (SELECT (from_key, own_key) FROM verdicts WHERE verdict = 'other')
GROUP BY ALL
