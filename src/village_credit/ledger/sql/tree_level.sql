-- The hashes above a level's (RFC 6962): neighbours together, who has none as he is.
CREATE TEMP TABLE level_{above} AS
SELECT place // 2 AS place,
    CASE WHEN count(*) = 2 THEN sha256(unhex('01' || arg_min(hash, level_{level}.place) || arg_max(hash, level_{level}.place)))
        ELSE any_value(hash) END AS hash
FROM level_{level} GROUP BY place // 2
