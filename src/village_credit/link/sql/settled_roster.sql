CREATE OR REPLACE TABLE roster AS
SELECT roster.* REPLACE (is_resident AND NOT coalesce(is_same_person, false) AS is_resident),
    coalesce(is_owner, true) AS owns_number
FROM roster
LEFT JOIN (SELECT unit_code, member_no, is_same_person, is_owner FROM shared_numbers) USING (unit_code, member_no)
