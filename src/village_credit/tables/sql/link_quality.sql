SELECT o.office, q.contract AS source_table, q.village_code, q.records, q.automatic, q.confirmed, q.provisional,
    q.conflicting, q.unlinked
FROM link_quality AS q JOIN (SELECT DISTINCT contract, office FROM sources) AS o USING (contract) ORDER BY ALL
