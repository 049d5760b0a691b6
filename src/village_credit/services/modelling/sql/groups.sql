-- Of every registered household: its village, and the groups that it is compared in. Land by the feature's own
-- figure.
WITH heads AS (
    SELECT unit_code, sex, birth_date FROM members WHERE is_living
    QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY relation = 'head' DESC, birth_date, member_no) = 1
), aged AS (SELECT *,
    date_diff('year', birth_date, $day::DATE) - (strftime(birth_date, '%m%d') > strftime($day::DATE,
        '%m%d'))::INTEGER AS age FROM heads)
SELECT f.unit_code, h.village_code,
       CASE a.sex WHEN 1 THEN 'male' WHEN 2 THEN 'female' ELSE '' END AS sex,
       CASE WHEN a.age IS NULL THEN '' WHEN a.age <= 35 THEN '18-35' WHEN a.age <= 50 THEN '36-50'
           WHEN a.age <= 65 THEN '51-65' ELSE '66 and more' END AS age,
       CASE WHEN f.land_mu < 10 THEN 'under 10 mu' WHEN f.land_mu <= 30 THEN '10-30 mu'
           WHEN f.land_mu > 30 THEN 'over 30 mu' ELSE '' END AS land,
       CASE WHEN m.unit_code IS NULL THEN 'no' ELSE 'yes' END AS monitored,
       s.shape AS name_shape
FROM features AS f LEFT JOIN households AS h USING (unit_code) LEFT JOIN aged AS a USING (unit_code)
LEFT JOIN (SELECT DISTINCT unit_code FROM monitored) AS m USING (unit_code)
LEFT JOIN shapes AS s USING (unit_code) ORDER BY f.unit_code
