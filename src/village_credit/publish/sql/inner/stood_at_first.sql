-- A publication that stood at the end of a month that is the first of its county's state
SELECT s.* FROM "inner".stood_by_month AS s
SEMI JOIN (SELECT county_code, as_month AS month FROM "inner".state_months) USING (county_code, month)
