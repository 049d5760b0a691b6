CREATE TABLE {table} AS
SELECT subject_id, contract, source_id, record_text, name, id_number, village_codes, subjects.group_no, is_standing,
       chosen.unit_code, roster_units.village_code, roster_units.group_no AS unit_group_no, agreement, score,
           margin, pass, status, weight,
       (SELECT list(roster_persons.name || coalesce(' ' || person_id, '') ORDER BY person_no) FROM roster_persons
        WHERE roster_persons.unit_code = chosen.unit_code) AS members
FROM ({chosen}) AS chosen JOIN subjects USING (subject_id)
LEFT JOIN roster_units ON roster_units.unit_code = chosen.unit_code
