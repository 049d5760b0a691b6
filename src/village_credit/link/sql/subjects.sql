-- Rows that say the same about whom they mean are one record, and share their link.
CREATE TABLE subject_rows AS
SELECT i.row_id, min(i.row_id) OVER w AS subject_id, standing.row_id IS NOT NULL AS is_standing
FROM identified AS i LEFT JOIN standing USING (row_id)
WHERE i.contract NOT IN ('land_contractor', 'land_member')
    AND (standing.row_id IS NOT NULL OR i.row_id IN (SELECT row_id FROM unrepaired))
WINDOW w AS (PARTITION BY source_id, name, id_number, village_codes, group_no);
CREATE TABLE subjects AS
SELECT i.row_id AS subject_id, i.* EXCLUDE (row_id), {record_text} AS record_text,
    contract IN {household_lists} AS is_household_list, persons, area_mu, is_standing
FROM identified AS i JOIN subject_rows ON subject_rows.subject_id = i.row_id AND subject_rows.row_id = i.row_id
LEFT JOIN subject_details ON subject_details.row_id = i.row_id
