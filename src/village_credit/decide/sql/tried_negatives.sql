-- Listings, once a trial: none where they are lifted, without those in doubt where they are found to be another's.
SELECT t.trial AS unit_code, n.* EXCLUDE (unit_code)
FROM trials AS t JOIN given_negatives AS n ON n.unit_code = t.unit
WHERE t.what <> 'listing' AND NOT (t.what = 'link' AND link_status = 'provisional')
