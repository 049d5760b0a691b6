-- A limit that a branch had set in place of the published one at a month's end
SELECT m.month, w.* EXCLUDE (from_on, until_on)
FROM "inner".branch_words AS w JOIN "inner".months AS m
    ON w.from_on <= m.counted_on AND m.counted_on < coalesce(w.until_on, DATE '9999-12-31')
