-- The codes of another time in a column, each with the registered household of that place, where it is one and no second.
-- What a code is today is asked before the join: in its condition it would be asked of every pair.
WITH lost AS (SELECT DISTINCT {column} AS code FROM t ANTI JOIN registered ON registered.contractor_code = t.{column}),
today AS MATERIALIZED (SELECT code, current_area(code) AS current_code FROM lost)
SELECT code, contractor_code FROM today JOIN renamed USING (current_code)
