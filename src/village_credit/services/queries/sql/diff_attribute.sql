-- The same by village, band, reason or group; counts below the least that is shown are null.
CREATE OR REPLACE TEMP VIEW counted AS SELECT '{attribute} ' || {attribute} AS "group", change, households,
    before_yuan, after_yuan
FROM grouped WHERE {attribute} IS NOT NULL
