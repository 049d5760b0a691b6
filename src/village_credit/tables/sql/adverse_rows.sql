-- The largest quarantined share of an adverse list, how many of its quarantined rows name somebody, and how many nobody
-- who can be told. Of a list that the region's counties share, the rows of people here count, as if it were the county's.
WITH asked AS (
    SELECT a.contract, r.outcome, bool_or(a.is_of_region) OVER (PARTITION BY a.contract) AS is_shared,
        h.row_id IS NOT NULL AS is_here
    FROM reconciliation AS r JOIN adverse AS a USING (source_id)
    LEFT JOIN (SELECT DISTINCT row_id FROM links WHERE unit_code IS NOT NULL) AS h USING (row_id)
    WHERE r.outcome IN ('accepted', 'quarantined')
), shares AS (
    SELECT avg(CAST(outcome = 'quarantined' AS INT)) AS share FROM asked WHERE NOT is_shared GROUP BY contract
    UNION ALL
    SELECT (u.known + u.unknown) / nullif(count(*) FILTER (outcome = 'accepted' AND is_here) + u.known + u.unknown, 0)
    FROM asked JOIN unread AS u USING (contract) WHERE is_shared GROUP BY contract, u.known, u.unknown
)
SELECT CAST(coalesce((SELECT max(share) FROM shares), 0) AS DOUBLE),
    CAST(coalesce((SELECT sum(known) FROM unread), 0) AS BIGINT),
    CAST(coalesce((SELECT sum(unknown) FROM unread), 0) AS BIGINT)
