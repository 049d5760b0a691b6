-- Traders, once a trial: with more applied for where the trial says so.
SELECT t.trial AS unit_code, d.* EXCLUDE (unit_code)
    REPLACE (CASE WHEN t.what = 'applied_amount' THEN coalesce(applied_yuan, 0) + t.amount ELSE applied_yuan END
        AS applied_yuan)
FROM trials AS t JOIN given_traders AS d ON d.unit_code = t.unit
