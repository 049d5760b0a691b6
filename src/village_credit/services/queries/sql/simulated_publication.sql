-- What a policy decides of one publication's households, by household_key and village. A limit that a branch set stands
-- under any policy, as it does in a scoring: whole where the published figure does, else as the most; where it refused,
-- nothing. Who is held has nothing under any policy.
SELECT u.household_key, h.village_code, o.* EXCLUDE (unit_code) REPLACE (
    CASE WHEN s.said_yuan = 0 THEN 'declined' WHEN o.decision = 'granted' AND held.household_key IS NOT NULL
        THEN 'manual_review' ELSE o.decision END AS decision,
    CASE WHEN held.household_key IS NOT NULL THEN 0 WHEN s.said_yuan IS NULL THEN o.limit_yuan
        WHEN s.published_yuan = o.limit_yuan THEN s.said_yuan ELSE least(s.said_yuan, o.limit_yuan) END AS limit_yuan,
    CASE WHEN s.said_yuan > 0 AND (s.published_yuan = o.limit_yuan OR s.said_yuan < o.limit_yuan) THEN 'branch'
        ELSE o.binding_term END AS binding_term,
    CASE WHEN held.household_key IS NOT NULL AND NOT list_contains(o.reason_codes, 'HELD')
        THEN list_prepend('HELD', o.reason_codes)
        WHEN s.said_yuan = 0 THEN list_prepend('BRANCH_REFUSED', o.reason_codes) ELSE o.reason_codes END AS reason_codes)
FROM outcome_{place} AS o JOIN units_{place} AS u USING (unit_code) JOIN households_{place} AS h USING (unit_code)
LEFT JOIN said_{place} AS s ON s.household_key = u.household_key AND s.product = o.product
LEFT JOIN held_now AS held ON held.household_key = u.household_key
