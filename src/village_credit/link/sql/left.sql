CREATE OR REPLACE TEMP TABLE left_side AS
SELECT subject_id AS left_id, source_id AS scope, is_household_list, unnest(village_codes) AS village_code, name,
    id_number, person_id, group_no, persons, area_mu
FROM residue
