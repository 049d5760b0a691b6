-- The registered household of each place under its code of today, where it is one and no second.
CREATE TEMP TABLE renamed AS
SELECT current_area(contractor_code) AS current_code, min(contractor_code) AS contractor_code FROM registered
GROUP BY ALL HAVING count(*) = 1
