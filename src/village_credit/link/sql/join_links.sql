-- Make view `t`: a contract's rows with their household, and the member's number there, age and life.
CREATE OR REPLACE TEMP VIEW t AS
SELECT r.*, tells_of.unit_code, link_status, is_contested, m.is_living, m.birth_date, m.member_no
FROM rows_of_contract AS r JOIN tells_of USING (row_id)
LEFT JOIN (SELECT unit_code, person_id, bool_or(is_living) AS is_living, min(birth_date) AS birth_date,
    min(member_no) AS member_no
           FROM roster WHERE person_id IS NOT NULL GROUP BY ALL) AS m
  ON m.unit_code = tells_of.unit_code AND m.person_id = r.person_id
