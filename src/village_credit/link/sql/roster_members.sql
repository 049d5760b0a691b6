-- The head is the member with the contractor's ID number, else of the contractor's name marked 01 or 02, else added.
CREATE TABLE roster AS
WITH listed AS (
    SELECT contractor_code AS unit_code, members.row_id, member_name AS name, members.person_id, sex,
        relation_code, member_note, note_text,
           document_type = '1' OR document_type IS NULL AS has_resident_document,
           (members.person_id = contractor_id) IS TRUE AS same_id,
           (member_name = contractor_name AND lpad(relation_code, 2, '0') IN ('01', '02')) AS same_name
    FROM members JOIN register ON contractor_code = unit_code
), heads AS (
    SELECT unit_code, arg_min(row_id, (CASE WHEN same_id THEN 0 ELSE 1 END, row_id)) AS head_row
    FROM listed WHERE same_id OR same_name GROUP BY unit_code
), everyone AS (
    SELECT listed.unit_code, listed.row_id, name, person_id, sex, relation_code, member_note, note_text,
           listed.row_id = head_row IS TRUE AS is_head
    FROM listed LEFT JOIN heads USING (unit_code)
    UNION ALL
    SELECT unit_code, row_id, contractor_name, contractor_id, NULL, '02', NULL, NULL, true
    FROM register ANTI JOIN heads USING (unit_code)
)
SELECT unit_code, row_number() OVER (PARTITION BY unit_code ORDER BY row_id) AS member_no, row_id, name, person_id,
       CASE WHEN is_head THEN 'head' WHEN lpad(relation_code, 2, '0') IN ('10', '11', '12') THEN 'spouse'
           ELSE 'other' END AS relation,
       CAST(coalesce(sex, CASE WHEN CAST(substr(person_id, 17, 1) AS INTEGER) % 2 = 1 THEN '1' ELSE '2' END)
           AS BIGINT) AS sex,
       CASE WHEN person_id IS NOT NULL THEN try_strptime(substr(person_id, 7, 8), '%Y%m%d')::DATE END AS birth_date,
       coalesce(member_note, '') <> '7' AS is_living,
       coalesce(member_note, '') <> '1'
           AND NOT (coalesce(member_note, '') = '9' AND regexp_matches(coalesce(note_text, ''), $left)) AS is_resident
FROM everyone
