-- The same by village, band, reason or group; counts below the least that is shown are null.
CREATE OR REPLACE TEMP TABLE grouped AS
SELECT {names}, change, {sums} FROM compared JOIN groups_of USING (household_key) GROUP BY GROUPING SETS ({sets})
