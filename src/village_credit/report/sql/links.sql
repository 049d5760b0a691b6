-- What became of each list's records, and the villages that are furthest behind.
SELECT office, source_table, sum(records), sum(automatic), sum(confirmed), sum(provisional), sum(conflicting),
    sum(unlinked),
sum(automatic + confirmed) / sum(records) FROM t_link_quality GROUP BY ALL ORDER BY office, source_table
