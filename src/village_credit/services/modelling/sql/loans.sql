SELECT i.unit_code, loan_number, opened_on, max_days_overdue, days_overdue, overdue_since, settled_on, cutoff_on,
    is_relief = '是' AS is_relief, relief_proof
FROM conduct AS c JOIN identities AS i ON i.person_id = c.id_number WHERE c.id_status IN ('valid', 'valid_15')
