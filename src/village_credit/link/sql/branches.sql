SELECT coalesce(current_code, branch_code) AS branch_code, branch_name, township_code, manager_number,
    CASE WHEN current_code IS NOT NULL THEN branch_code END AS former_code
FROM settled_branches LEFT JOIN branch_codes ON old_code = branch_code
WHERE left(township_code, 6) = $county ORDER BY township_code
