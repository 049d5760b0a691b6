-- A branch: the lines that it was told, and how many of them are contracted and drawn
-- title: Coverage by branch
-- lines_accepted: Of these, imported as they were told or at a limit that the branch set
-- contracted_share: Of the lines told, contracted, share 0–1; null where none was told
SELECT county_code, branch_code, branch_name, lines_told, lines_imported + lines_changed AS lines_accepted,
    lines_contracted, lines_contracted / nullif(lines_told, 0) AS contracted_share, lines_drawn, limit_yuan, drawn_yuan
FROM branches
ORDER BY county_code, branch_code
