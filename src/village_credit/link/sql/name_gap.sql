-- Per list, so that a list which names mostly one kind of person does not weigh as a difference between them; and
-- without its sign, so that a list which favours one kind does not hide another which favours the other. Lists weigh
-- by the rarer kind's records: the gap of a small list is mostly chance. Doubles are added in one order.
WITH shares AS (
    SELECT contract, count(*) FILTER (is_long) AS long_records, count(*) FILTER (NOT is_long) AS short_records,
           avg((status IN ('automatic', 'confirmed'))::INT) FILTER (is_long) AS long_share,
           avg((status IN ('automatic', 'confirmed'))::INT) FILTER (NOT is_long) AS short_share
    FROM records JOIN name_keys USING (name) GROUP BY contract
)
SELECT (sum(least(long_records, short_records) * abs(long_share - short_share) ORDER BY contract)
    / sum(least(long_records, short_records)))::DOUBLE, count(*)
FROM shares WHERE least(long_records, short_records) >= $min
