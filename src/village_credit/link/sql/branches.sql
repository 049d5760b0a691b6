-- A reused code of which nobody says when it was true is left as it stands, and told to be doubtful.
SELECT CASE WHEN is_doubtful THEN branch_code ELSE current_code END AS branch_code, branch_name, township_code,
    manager_number, CASE WHEN NOT is_doubtful AND current_code <> branch_code THEN branch_code END AS former_code,
    is_doubtful
FROM (SELECT b.*, c.current_code, b.updated_on IS NULL AND b.branch_code IN (SELECT code FROM reused) AS is_doubtful
      FROM settled_branches AS b
      JOIN branch_codes AS c ON c.code = b.branch_code AND c.as_told IS NOT DISTINCT FROM b.updated_on)
WHERE left(township_code, 6) = $county ORDER BY township_code
