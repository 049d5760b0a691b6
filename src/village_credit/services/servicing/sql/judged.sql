-- Equal ones (contract, amount, day, number of the loan, purpose) are one; an empty purpose is any, and told later it
-- fills one. What was taken back comes in again by a correction only, and by the same bytes never.
CREATE TEMP TABLE judged AS
WITH told AS (
    SELECT contract_key, abs(amount_yuan) AS yuan, {day} AS day, coalesce({loan}, '') AS loan,
        list(DISTINCT coalesce({purpose}, '')) AS told
    FROM recorded GROUP BY ALL
), known AS (
    SELECT contract_key, yuan, day, loan, list(coalesce(purpose, '')) AS known FROM standing GROUP BY ALL
), said_of AS (
    SELECT said.*, coalesce(purpose, '') AS named, coalesce(known, []) AS known, coalesce(told, []) AS told,
           list_contains(told, named) OR (purpose IS NULL AND len(told) > 0) AS was_told
    FROM said LEFT JOIN known USING (contract_key, yuan, day, loan) LEFT JOIN told USING (contract_key, yuan, day, loan)
), marked AS (
    SELECT *, $corrects AND (NOT $is_known OR NOT bool_and(was_told) OVER (PARTITION BY contract_key, day)) AS corrects,
           purpose IS NULL AND count(purpose) OVER (PARTITION BY contract_key, yuan, day, loan) > 0 AS is_named_beside,
           row_number() OVER (PARTITION BY contract_key, yuan, day, loan, purpose IS NULL OR list_contains(known, named)
               ORDER BY purpose) AS turn
    FROM said_of
)
SELECT *, CASE WHEN list_contains(known, named) OR (purpose IS NULL AND len(known) > 0)
    OR is_named_beside THEN 'duplicate'
               WHEN list_contains(known, '') AND turn = 1 AND NOT ($is_known AND was_told) THEN 'fills'
               WHEN NOT corrects
                   AND (list_contains(told, named) OR (len(known) = 0 AND (was_told OR list_contains(told, ''))))
                       THEN 'superseded'
               ELSE 'new' END AS outcome
FROM marked
