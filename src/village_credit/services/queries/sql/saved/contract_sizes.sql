-- A county and size of line (to 100,000 yuan; above it and below 200,000; from 200,000) in the latest month: its contracts
-- title: Contracts by size
-- size: to_100k: at most 100,000 yuan; to_200k: above it and below 200,000; from_200k: 200,000 and more
-- contracts: Contracts signed by the month's end on lines in force then, of this size
-- contracts_share: Of all contracts of the county, share 0–1; null where there are none
WITH latest AS (
    SELECT place_code AS county_code, month, contracts AS every, unnest([
        {'size': 'to_100k', 'contracts': contracts_to_100k}, {'size': 'to_200k', 'contracts': contracts_to_200k},
        {'size': 'from_200k', 'contracts': contracts_from_200k}]) AS sized
    FROM (FROM statistics WHERE level = 'county' AND product = 'all' QUALIFY month = max(month) OVER ())
)
SELECT county_code, month, sized.size AS size, sized.contracts AS contracts,
    sized.contracts / nullif(every, 0) AS contracts_share
FROM latest ORDER BY county_code, list_position(['to_100k', 'to_200k', 'from_200k'], size)
