CREATE TABLE broken AS
SELECT min(row_id) AS broken_id, source_id, office, name, id_number, id_status, village_codes[1] AS village_code,
       left(village_codes[1], 9) AS township_code, strpos(id_number, '*') - 1 AS kept_left,
           18 - strpos(reverse(id_number), '*') AS last_star
FROM located JOIN offices USING (contract)
WHERE id_status IN ('excel_damaged', 'masked', 'check_digit') AND length(id_number) = 18 AND length(village_codes) = 1
GROUP BY ALL
