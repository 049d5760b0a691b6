-- Name households by their place, and hold every column as narrow as its values are; a row of nobody here stays out.
SELECT g.* REPLACE (unit_no AS unit_code) FROM given AS g JOIN places AS p ON p.unit = g.unit_code ORDER BY ALL
