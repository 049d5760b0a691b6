-- Whether the county referred a household as a trader by the day; of the households whose outcome teaches, in the
-- order of `labelled`.
SELECT o.unit_code IN (SELECT unit_code FROM traders WHERE referred_on <= $day::DATE) AS is_trader
FROM outcomes AS o JOIN features USING (unit_code) JOIN households USING (unit_code)
WHERE o.is_bad IS NOT NULL ORDER BY o.unit_code
