-- Large growers by what they declare, farms and cooperatives by the bureau's list; their banded incomes count nowhere.
CREATE TABLE growers AS
WITH named AS (
    SELECT unit_code, bool_or(farm_type LIKE '%家庭农场%') AS is_farm,
        bool_or(farm_type LIKE '%合作社%') AS is_cooperative,
           bool_or(farm_type NOT LIKE '%家庭农场%' AND farm_type NOT LIKE '%合作社%') AS is_other,
               max(managed_mu) AS managed_mu
    FROM farms GROUP BY unit_code
)
SELECT unit_code, declared, managed_mu,
       list_filter([CASE WHEN declared >= f.large_grower_mu THEN 'large_grower' END, CASE
           WHEN is_farm THEN 'family_farm' END,
                    CASE WHEN is_cooperative THEN 'cooperative' END, CASE
                        WHEN is_other THEN 'other_farm' END], lambda tag: tag IS NOT NULL) AS tags,
       greatest(CASE WHEN declared >= f.large_grower_mu THEN f.cap_large_grower END, CASE
           WHEN is_farm THEN f.cap_family_farm END,
                -- the highest; GREATEST passes over nulls
                CASE WHEN is_cooperative THEN f.cap_cooperative END) AS tier_cap
FROM known LEFT JOIN named USING (unit_code), f
WHERE declared >= f.large_grower_mu OR is_farm IS NOT NULL;
