-- A publication that stood at a month's end
SELECT m.month, s.* EXCLUDE (from_on, until_on)
FROM "inner".stood AS s JOIN "inner".months AS m
    ON s.from_on <= m.counted_on AND m.counted_on < coalesce(s.until_on, DATE '9999-12-31')
