-- What was settled for traders on no register; of others the book tells.
SELECT unit_code, month, settled_yuan
FROM settled_turnover JOIN lone_traders ON unit_code = 'T' || credit_code ORDER BY unit_code, month
