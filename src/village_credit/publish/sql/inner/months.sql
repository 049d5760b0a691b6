-- A month from the first publication's to the ledger's last act's, in China, and the last of its days that counts
WITH known AS (
    SELECT date_trunc('month', min(from_on))::TIMESTAMP AS first_on, (SELECT day FROM "inner".last_day) AS last_on
    FROM "inner".stood
), counted AS (
    SELECT CAST(unnest(generate_series(first_on, last_on::TIMESTAMP, INTERVAL 1 MONTH)) AS DATE) AS month, last_on
    FROM known
)
SELECT month, least(last_day(month), last_on) AS counted_on FROM counted
