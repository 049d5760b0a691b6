CREATE OR REPLACE TEMP TABLE right_side AS
SELECT person_no AS right_id, unit_code AS right_group, village_code, name, person_id AS id_number, person_id,
    group_no, persons, area_mu
FROM roster_names JOIN roster_units USING (unit_code)
