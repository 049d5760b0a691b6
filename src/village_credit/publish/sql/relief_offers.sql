-- Measures of relief that each branch may offer its own borrowers on their open loans.
SELECT i.unit_code, coalesce(b.branch_code, (SELECT min(branch_code) FROM branches)) AS branch_code, i.name,
    i.person_id AS id_number, m.document, m.measure, m.product_name, m.balance_yuan, m.due_on, m.proposed_due_on,
    m.rate_cut_bp, m.principal_from, d.product AS line_product, b.manager_number AS customer_manager
FROM measures AS m JOIN decisions AS d USING (household_key) JOIN identities AS i USING (household_key)
LEFT JOIN branches AS b USING (township_code)
WHERE i.person_id IS NOT NULL
ORDER BY branch_code, d.village_code, i.unit_code, m.document, m.measure, m.due_on, m.product_name, m.balance_yuan
