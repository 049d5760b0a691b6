-- A trader's referral is his own; so is every row under his whole number that found no household of the register: his
-- book, his debts, what is listed of him. Another name under it waits for a person where it stands against him.
UPDATE links SET unit_code = lone_rows.unit_code, stage = 1, pass = 'credit_code', agreement = 'code',
    status = 'automatic'
FROM lone_rows WHERE links.row_id = lone_rows.row_id;
UPDATE links SET unit_code = found.unit_code, stage = found.stage, pass = found.pass, agreement = found.agreement,
    status = found.status
FROM (
    SELECT i.row_id, t.unit_code, CASE WHEN is_his THEN 1 ELSE 3 END AS stage,
        CASE WHEN i.name IS NULL THEN 'id_only' WHEN is_his THEN 'id_and_name' ELSE 'id_without_name' END AS pass,
        CASE WHEN i.name IS NULL THEN 'no_name' WHEN is_his THEN 'equal' ELSE 'different' END AS agreement,
        CASE WHEN is_his THEN 'automatic' ELSE 'provisional' END AS status
    FROM identified AS i JOIN links AS l USING (row_id)
    JOIN (SELECT * FROM lone_traders QUALIFY count(*) OVER (PARTITION BY person_id) = 1) AS t USING (person_id),
        LATERAL (SELECT i.name IS NULL OR i.name = t.operator_name AS is_his)
    WHERE l.status = 'unlinked' AND i.contract <> 'trader_referral'
        AND (is_his OR i.contract IN {confirmed_by_person})
) AS found
WHERE links.row_id = found.row_id
