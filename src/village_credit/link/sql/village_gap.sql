WITH villages AS (
    SELECT contract, village_code, sum(records) AS records, sum(automatic + confirmed) / sum(records) AS share
    FROM by_village GROUP BY ALL
), whole AS (SELECT contract, sum(automatic + confirmed) / sum(records) AS share FROM by_village GROUP BY ALL)
SELECT max(whole.share - villages.share)::DOUBLE, count(*)
FROM villages JOIN whole USING (contract) WHERE records >= $min AND village_code <> ''
