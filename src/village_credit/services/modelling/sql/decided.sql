-- Decide every household of a day by the candidate; give who is granted and how much, by unit_code.
SELECT coalesce(bool_or(decision = 'granted'), false) AS granted,
    coalesce(max(limit_yuan) FILTER (decision = 'granted'), 0)::DOUBLE AS limit_yuan
FROM features LEFT JOIN decisions USING (unit_code) GROUP BY unit_code ORDER BY unit_code
