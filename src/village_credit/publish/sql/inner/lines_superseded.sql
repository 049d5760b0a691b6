-- A line of a publication that a later batch of its product decided, or a batch that was brought back; when first
WITH batches AS (
    SELECT p.number, p.county_code, p.published_at, d.household_key, d.product
    FROM "inner".decisions AS d JOIN "inner".publications AS p ON p.run_id = d.run_id AND p.product = d.product
), named AS (
    SELECT p.publication_id, b.household_key, b.product, min(b.published_at) AS superseded_at
    FROM batches AS b JOIN "inner".publications AS p ON p.county_code = b.county_code AND p.number < b.number
    GROUP BY ALL
), brought_back AS (
    SELECT p.publication_id, d.household_key, d.product, min(r.published_at) AS superseded_at
    FROM "inner".publications AS r
    JOIN "inner".publications AS p ON p.county_code = r.county_code AND p.number < r.number
    JOIN "inner".decisions AS d ON d.run_id = p.run_id AND d.product = r.product
    WHERE r.product IS NOT NULL AND r.restores IS NOT NULL
    GROUP BY ALL
)
SELECT publication_id, household_key, product, min(superseded_at) AS superseded_at
FROM (FROM named UNION ALL FROM brought_back)
GROUP BY ALL
