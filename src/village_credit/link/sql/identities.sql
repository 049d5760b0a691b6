-- A number that many households give is the cadre's or the shop's: a household's message must not go there.
SELECT unit_code, member_no, relation, name, person_id, CASE
    WHEN coalesce(sharers, 0) <= $sharers THEN phone END AS phone, address
FROM roster JOIN register USING (unit_code)
LEFT JOIN (SELECT phone, count(*) AS sharers FROM register WHERE phone IS NOT NULL GROUP BY phone) USING (phone)
WHERE birth_date IS NULL OR birth_date <= $minor_born
UNION ALL
SELECT unit_code, 1, 'head', operator_name, person_id, phone, business_address FROM lone_traders
ORDER BY unit_code, member_no
