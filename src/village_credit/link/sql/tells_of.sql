-- Of which households a row tells something: its own, or each that a person has not ruled out where its number is of
-- two.
CREATE VIEW tells_of AS
SELECT row_id, contract, unit_code, status AS link_status, false AS is_contested FROM links WHERE unit_code IS NOT NULL
UNION ALL
SELECT row_id, links.contract, contested.unit_code, 'provisional', true
FROM links JOIN subject_rows USING (row_id) JOIN contested USING (subject_id) ANTI
JOIN spoken ON spoken.subject_id = contested.subject_id AND spoken.unit_code = contested.unit_code
WHERE links.pass = 'id_of_two_households' AND links.contract IN {confirmed_by_person}
