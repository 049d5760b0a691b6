-- A decision as text that its household can read, and as everybody hashes it: a line a word, in this order.
CREATE TEMP TABLE lines AS
SELECT row_number() OVER (ORDER BY household_key, product) - 1 AS place, household_key, product,
    concat_ws(chr(10), 'household_key=' || household_key, 'product=' || product, 'decision=' || decision,
        'limit_yuan=' || limit_yuan, 'band=' || coalesce(band, ''), 'term_months=' || coalesce(term_months::VARCHAR, ''),
        'valid_from=' || coalesce(valid_from::VARCHAR, ''), 'valid_to=' || coalesce(valid_to::VARCHAR, ''),
        'binding_term=' || coalesce(binding_term, ''), 'reason_codes=' || array_to_string(reason_codes, ',')) AS line
FROM read_parquet($decisions, hive_partitioning = false);
