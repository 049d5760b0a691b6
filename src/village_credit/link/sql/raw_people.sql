-- Bring every person-bearing contract to the same columns.
SELECT row_id, '{contract}' AS contract, source_id, {name}::VARCHAR AS name, id_number, id_status,
{township}::VARCHAR AS township_text, {village}::VARCHAR AS village_text,
{group_name}::VARCHAR AS group_text, {code}::VARCHAR AS contractor_code FROM accepted_{contract}
