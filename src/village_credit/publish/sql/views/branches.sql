-- A branch of a county in force: the lines that it was told, what it answered, and what came of them. Exact, for the house: only an export hides small counts
WITH served AS (
    SELECT b.*, i.county_code FROM "inner".branches AS b JOIN "inner".in_force AS i USING (run_id)
), lines AS (  -- a township that no branch serves goes to the run's first, as packages have it
    SELECT t.*, coalesce(b.branch_code, f.branch_code) AS branch_code
    FROM "inner".lines_told AS t
    LEFT JOIN served AS b ON b.run_id = t.run_id AND b.township_code = t.township_code
    LEFT JOIN (SELECT run_id, min(branch_code) AS branch_code FROM served GROUP BY ALL) AS f ON f.run_id = t.run_id
), counted AS (
    SELECT county_code, branch_code, count(*) AS lines_told,
        count(*) FILTER (outcome = 'imported') AS lines_imported, count(*) FILTER (outcome = 'changed') AS lines_changed,
        count(*) FILTER (outcome = 'refused') AS lines_refused, count(*) FILTER (outcome IS NULL) AS answers_open,
        count(*) FILTER (outcome IS NULL AND expires_on < last.day) AS answers_overdue,
        min(told_on) FILTER (outcome IS NULL) AS open_since,
        count(*) FILTER (is_contracted) AS lines_contracted, count(*) FILTER (is_drawn) AS lines_drawn,
        sum(limit_now) AS limit_yuan, sum(owed_yuan) AS drawn_yuan
    FROM lines, "inner".last_day AS last GROUP BY ALL
), named AS (
    SELECT county_code, branch_code, max(branch_name) AS branch_name FROM served GROUP BY ALL
)
SELECT n.county_code, n.branch_code, n.branch_name, coalesce(c.lines_told, 0) AS lines_told,
    coalesce(c.lines_imported, 0) AS lines_imported, coalesce(c.lines_changed, 0) AS lines_changed,
    coalesce(c.lines_refused, 0) AS lines_refused, coalesce(c.answers_open, 0) AS answers_open,
    coalesce(c.answers_overdue, 0) AS answers_overdue, c.open_since, last.day - c.open_since AS open_days,
    coalesce(c.lines_contracted, 0) AS lines_contracted, coalesce(c.lines_drawn, 0) AS lines_drawn,
    CAST(coalesce(c.limit_yuan, 0) AS BIGINT) AS limit_yuan,
    CAST(coalesce(c.drawn_yuan, 0) AS DECIMAL(18, 2)) AS drawn_yuan
FROM named AS n LEFT JOIN counted AS c USING (county_code, branch_code), "inner".last_day AS last
ORDER BY open_days DESC NULLS LAST, county_code, branch_code
