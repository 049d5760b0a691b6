-- The largest quarantined share of an adverse list, how many of its quarantined rows name somebody, and how many nobody
-- who can be told.
WITH shares AS (
    SELECT avg(CAST(outcome = 'quarantined' AS INT)) AS share
    FROM reconciliation JOIN adverse USING (source_id) WHERE outcome IN ('accepted', 'quarantined') GROUP BY contract
)
SELECT CAST(coalesce((SELECT max(share) FROM shares), 0) AS DOUBLE),
    CAST(coalesce((SELECT sum(known) FROM unread), 0) AS BIGINT),
    CAST(coalesce((SELECT sum(unknown) FROM unread), 0) AS BIGINT)
