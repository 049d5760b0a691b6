-- Cuts that still stand: a branch that since imported a larger figure of another publication has said otherwise.
WITH imported AS (
    SELECT r.household_key, r.product, r.publication_id, r.received_on, d.limit_yuan
    FROM receipts AS r JOIN own AS p USING (publication_id)
    JOIN published AS d ON d.run_id = p.run_id AND d.household_key = r.household_key AND d.product = r.product
    WHERE r.outcome = 'imported'
)
SELECT household_key, product, limit_yuan AS said_yuan, received_on::DATE AS said_on
FROM cuts AS c
WHERE NOT EXISTS (
    SELECT 1 FROM imported AS i
    WHERE i.household_key = c.household_key AND i.product = c.product AND i.publication_id <> c.publication_id
        AND i.received_on > c.received_on::DATE AND i.limit_yuan > c.limit_yuan)
ORDER BY household_key, product
