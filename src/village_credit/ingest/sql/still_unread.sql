-- Quarantined rows of adverse lists and registers that nobody has mended: a row that came back under an error's number
-- mends it, whomever it names. What came back and was quarantined again is a row like any other.
WITH returned AS (
    SELECT DISTINCT nullif(correction_number, '') AS number FROM spans WHERE outcome = 'accepted'
), asked AS (
    SELECT u.*, coalesce(nullif(s.correction_number, ''),
        left(sha256(file_sha256 || '/' || sheet || '/' || u.line_number), $digits)) AS number
    FROM unread AS u JOIN named USING (source_id) LEFT JOIN spans AS s USING (source_id, line_number)
)
SELECT * EXCLUDE (number) FROM asked ANTI JOIN returned USING (number) ORDER BY ALL
