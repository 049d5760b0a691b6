-- What is owed by households that a county's publications know.
SELECT household_key, product, drawn_yuan AS owed_yuan, NULL::DATE AS valid_to
FROM drawn SEMI JOIN read_parquet($paths, union_by_name = true, hive_partitioning = false) USING (household_key)
ORDER BY household_key, product
