-- By what a warehouse tells of which ledger and from where it was built: a comment, and the paths that it reads.
SELECT view_name, comment, sql FROM duckdb_views()
WHERE (schema_name = 'main' AND view_name = 'runs') OR (schema_name = 'inner' AND view_name = 'gates')
