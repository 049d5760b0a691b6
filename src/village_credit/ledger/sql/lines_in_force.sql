-- A row a line (household and product) that is in force, as the last layer that names it decided, with the limit
-- that its
-- branch set. `layers`: place, county_code, publication_id, run_id, product, is_whole, published_at, the later
-- place over the
-- earlier. A layer has the lines of its product (of all, where it has none); below a whole one nothing of that stands.
WITH named AS (
    SELECT d.*, l.publication_id, l.published_at, l.place
    FROM {decisions} AS d JOIN {layers} AS l USING (run_id)
    WHERE l.product IS NULL OR l.product = d.product
), upper AS (  -- few: only where a batch lies over a county
    SELECT county_code, household_key, product, max(place) AS place
    FROM named WHERE run_id IN (SELECT run_id FROM {layers} WHERE product IS NOT NULL) GROUP BY ALL
), cover AS (
    SELECT county_code, product, max(place) AS place FROM {layers} WHERE is_whole AND product IS NOT NULL GROUP BY ALL
)
SELECT n.* REPLACE (
    CASE WHEN b.branch_limit_yuan = 0 THEN 'declined' ELSE n.decision END AS decision,
    coalesce(b.branch_limit_yuan, n.limit_yuan) AS limit_yuan,
    CASE WHEN b.branch_limit_yuan > 0 THEN 'branch' ELSE n.binding_term END AS binding_term,
    CASE WHEN b.branch_limit_yuan = 0 THEN list_prepend('BRANCH_REFUSED', n.reason_codes)
        ELSE n.reason_codes END AS reason_codes)
FROM named AS n
LEFT JOIN upper AS u ON u.county_code = n.county_code AND u.household_key = n.household_key AND u.product = n.product
LEFT JOIN cover AS c ON c.county_code = n.county_code AND c.product = n.product
LEFT JOIN {branch_limits} AS b
    ON b.publication_id = n.publication_id AND b.household_key = n.household_key AND b.product = n.product
WHERE n.place >= coalesce(u.place, n.place) AND n.place >= coalesce(c.place, n.place)
