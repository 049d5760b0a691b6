-- What each fact of a synthetic world added to the log odds of the households whose outcome teaches, in the order of
-- `labelled`.
SELECT t.* EXCLUDE contractor_code
FROM outcomes AS o JOIN features USING (unit_code) JOIN households USING (unit_code)
LEFT JOIN truth AS t ON t.contractor_code = o.unit_code
WHERE o.is_bad IS NOT NULL ORDER BY o.unit_code
