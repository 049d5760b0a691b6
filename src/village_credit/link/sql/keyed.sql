-- Every key of one side, a row each.
SELECT DISTINCT '{kind}' AS kind, {columns}, {key} AS key
FROM {side}_side JOIN name_keys USING (name) WHERE {key} IS NOT NULL
