-- One row per household with a borrower. What is not known is null, and counts in no group of its attribute.
CREATE TEMP TABLE borrowers AS
SELECT d.unit_code, m.member_no, d.decision = 'granted' AS is_granted, d.limit_yuan,
       CASE m.sex WHEN 2 THEN 'female' WHEN 1 THEN 'male' END AS sex,
       CASE WHEN m.birth_date <= $born_66 THEN '66 and more' WHEN m.birth_date <= $born_51 THEN '51-65'
            WHEN m.birth_date <= $born_36 THEN '36-50' WHEN m.birth_date <= $born_18 THEN '18-35' END AS age,
       CASE WHEN l.mu < 10 THEN 'under 10 mu' WHEN l.mu <= 30 THEN '10-30 mu'
           WHEN l.mu > 30 THEN 'over 30 mu' END AS land,
       CASE WHEN w.unit_code IS NULL THEN 'no' ELSE 'yes' END AS monitored
FROM decisions AS d JOIN members AS m ON m.unit_code = d.unit_code AND m.member_no = d.borrower_member_no
LEFT JOIN (SELECT unit_code, sum(area_mu) AS mu FROM parcels GROUP BY unit_code) AS l ON l.unit_code = d.unit_code
LEFT JOIN (SELECT DISTINCT unit_code FROM monitored) AS w ON w.unit_code = d.unit_code
