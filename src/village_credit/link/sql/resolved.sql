-- The codes of another time in a column, each with the registered household of that place, where it is one and no second.
SELECT code, contractor_code
FROM (SELECT DISTINCT {column} AS code FROM t ANTI JOIN registered ON registered.contractor_code = t.{column}) AS lost
JOIN renamed ON current_code = current_area(code)
