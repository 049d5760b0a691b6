-- A correction names all moves of its contract and day: what it does not name is over, and so is the empty purpose
-- that is filled. What stands of a contract that turned out to be another household's goes there.
WITH spoken AS (SELECT contract_key, day, bool_or(corrects) AS corrects FROM judged GROUP BY ALL),
kept AS (
    SELECT contract_key, yuan, day, loan, list(named) AS said, count(purpose) = 0 AS is_blank,
        bool_or(outcome = 'fills') AS fills FROM judged GROUP BY ALL
), marked AS (
    SELECT s.*, (s.purpose IS NULL AND coalesce(fills, false)) OR (coalesce(corrects, false) AND NOT coalesce(
               list_contains(said, coalesce(s.purpose, ''))
               OR (is_blank AND row_number() OVER (PARTITION BY contract_key, yuan, day, loan
                   ORDER BY s.purpose NULLS FIRST) = 1), false)) AS is_over
    FROM standing AS s LEFT JOIN kept USING (contract_key, yuan, day, loan) LEFT JOIN spoken USING (contract_key, day)
)
SELECT m.*, c.household_key AS now_household_key, c.product AS now_product
FROM marked AS m JOIN contracts AS c USING (contract_key)
WHERE is_over OR (m.household_key, m.product) <> (c.household_key, c.product) ORDER BY ALL
