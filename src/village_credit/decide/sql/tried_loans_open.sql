-- Open loans, once a trial: one repaid in part or settled, or those left out that are found to be another household's.
SELECT t.trial AS unit_code, l.* EXCLUDE (unit_code, place) REPLACE (
    CASE WHEN t.place = l.place AND t.what = 'settled_loan' THEN 0 ELSE credit_fen END AS credit_fen,
    CASE WHEN t.place = l.place AND t.what = 'settled_loan' THEN 0
        WHEN t.place = l.place AND t.what = 'loan' THEN balance_fen - t.amount * 100
        ELSE balance_fen END AS balance_fen)
FROM trials AS t JOIN given_loans_open AS l ON l.unit_code = t.unit
WHERE NOT (t.what = 'link' AND link_status = 'provisional')
