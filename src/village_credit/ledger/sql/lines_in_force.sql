-- A row a line (household and product) that is in force, as the last publication that names it decided, with the
-- limit that its branch set, and nothing while the household is `held` (household_key, since). `in_force`: place,
-- county_code, publication_id, run_id, product, published_at of the publications in force, the later place over the
-- earlier; one of a product has the lines of that product alone. `each` names a column that the three tables have
-- beside theirs, a month's among them, and a row is then a line and that: what was in force in each.
WITH named AS (
    SELECT d.*, l.publication_id, l.published_at, l.place{each}
    FROM {decisions} AS d JOIN {in_force} AS l USING (run_id)
    WHERE l.product IS NULL OR l.product = d.product
), upper AS (  -- few: only where a batch lies over a county
    SELECT county_code, household_key, product{each}, max(place) AS place
    FROM named WHERE run_id IN (SELECT run_id FROM {in_force} WHERE product IS NOT NULL) GROUP BY ALL
)
SELECT n.* REPLACE (
    CASE WHEN b.branch_limit_yuan = 0 THEN 'declined' WHEN n.decision = 'granted' AND h.since IS NOT NULL
        THEN 'manual_review' ELSE n.decision END AS decision,
    CASE WHEN h.since IS NULL THEN coalesce(b.branch_limit_yuan, n.limit_yuan) ELSE 0 END AS limit_yuan,
    CASE WHEN b.branch_limit_yuan > 0 THEN 'branch' ELSE n.binding_term END AS binding_term,
    CASE WHEN h.since IS NOT NULL AND NOT list_contains(n.reason_codes, 'HELD')
        THEN list_prepend('HELD', n.reason_codes)
        WHEN b.branch_limit_yuan = 0 THEN list_prepend('BRANCH_REFUSED', n.reason_codes)
        ELSE n.reason_codes END AS reason_codes), h.since AS held_since
FROM named AS n
LEFT JOIN upper AS u USING (county_code, household_key, product{each})
LEFT JOIN {branch_limits} AS b USING (publication_id, household_key, product{each})
LEFT JOIN {held} AS h USING (household_key{each})
WHERE n.place >= coalesce(u.place, n.place)
