-- A publication that stood at a month's end, and since when its county's publications are the same
SELECT m.month, s.* EXCLUDE (until_on)
FROM "inner".stood AS s JOIN "inner".months AS m
    ON s.from_on <= m.counted_on AND m.counted_on < coalesce(s.until_on, DATE '9999-12-31')
