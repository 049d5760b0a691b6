-- The same by village, band, reason or group; counts below the least that is shown are null.
CREATE OR REPLACE TEMP VIEW counted AS SELECT {group_column} AS "group", change, {sums} FROM compared GROUP BY ALL
