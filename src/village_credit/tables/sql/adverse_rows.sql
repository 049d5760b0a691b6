-- The largest quarantined share of an adverse list, how many of its quarantined rows name somebody, and how many nobody:
-- those that name none who can be told, and lines that no contract could judge.
WITH lines AS (
    SELECT contract, row_id, outcome = 'quarantined' AS is_quarantined
    FROM reconciliation JOIN adverse USING (source_id) WHERE outcome IN ('accepted', 'quarantined')
), shares AS (
    SELECT avg(CAST(is_quarantined AS INT)) AS share FROM lines GROUP BY contract
)
SELECT CAST(coalesce((SELECT max(share) FROM shares), 0) AS DOUBLE),
    CAST(coalesce((SELECT sum(known) FROM unread), 0) AS BIGINT),
    CAST(coalesce((SELECT sum(unknown) FROM unread), 0)
        + (SELECT count(*) FROM lines WHERE is_quarantined AND row_id IS NULL) AS BIGINT)
