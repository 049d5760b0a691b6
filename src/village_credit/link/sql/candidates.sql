-- Candidates are found by the digits that a damage leaves whole, never by names: a mistyped digit or two swapped
-- neighbours leave the first eleven digits or the last six. Then the name must agree. Of two numbers as long as each
-- other the one edit changes two places at most, which is told for a tenth of the price.
CREATE TABLE candidates AS
WITH masks AS (SELECT DISTINCT village_code, kept_left, last_star FROM broken WHERE id_status = 'masked'),
found AS (
    SELECT broken_id, known.name AS known_name, person_id, 'repaired_id' AS repair
    FROM broken JOIN known ON known.village_code = broken.village_code AND left(person_id, 15) = left(id_number, 15)
    WHERE id_status = 'excel_damaged' AND known.source_id <> broken.source_id
    UNION
    SELECT broken_id, shown.name, person_id, 'masked_id'
    FROM broken
    JOIN (SELECT known.*, kept_left, last_star, left(person_id, kept_left) || substr(person_id, last_star + 2) AS visible
    FROM known JOIN masks USING (village_code)) AS shown
      ON shown.village_code = broken.village_code AND shown.kept_left = broken.kept_left
          AND shown.last_star = broken.last_star
     AND visible = left(id_number, broken.kept_left) || substr(id_number, broken.last_star + 2)
    WHERE id_status = 'masked' AND shown.source_id <> broken.source_id AND person_id LIKE replace(id_number, '*', '_')
    UNION
    SELECT broken_id, known.name, person_id, 'mistyped_id'
    FROM broken JOIN known ON known.township_code = broken.township_code AND left(person_id, 11) = left(id_number, 11)
    WHERE id_status = 'check_digit' AND known.office <> broken.office AND hamming(person_id, id_number) <= 2
        AND damerau_levenshtein(person_id, id_number) = 1
    UNION
    SELECT broken_id, known.name, person_id, 'mistyped_id'
    FROM broken JOIN known ON known.township_code = broken.township_code AND right(person_id, 6) = right(id_number, 6)
    WHERE id_status = 'check_digit' AND known.office <> broken.office AND hamming(person_id, id_number) <= 2
        AND damerau_levenshtein(person_id, id_number) = 1
)
SELECT * FROM found
