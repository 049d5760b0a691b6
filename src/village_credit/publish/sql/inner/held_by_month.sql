-- A household that was stopped at a month's end
SELECT m.month, h.household_key, h.since
FROM "inner".was_held AS h JOIN "inner".months AS m
    ON h.from_on <= m.counted_on AND m.counted_on < coalesce(h.until_on, DATE '9999-12-31')
