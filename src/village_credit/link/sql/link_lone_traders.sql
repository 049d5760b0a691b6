UPDATE links SET unit_code = lone_rows.unit_code, stage = 1, pass = 'credit_code', agreement = 'code',
    status = 'automatic'
FROM lone_rows WHERE links.row_id = lone_rows.row_id
