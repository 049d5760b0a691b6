-- The registered household of each place under its code of today, where it is one and no second. What a village's code is
-- today is asked once a village.
CREATE TEMP TABLE renamed AS
WITH coded AS (SELECT DISTINCT left(contractor_code, 12) AS code FROM registered),
today AS MATERIALIZED (SELECT code, left(current_area(code), 12) AS village_code FROM coded)
SELECT village_code || substr(contractor_code, 13) AS current_code, min(contractor_code) AS contractor_code
FROM registered JOIN today ON today.code = left(contractor_code, 12)
GROUP BY ALL HAVING count(*) = 1
