-- A rule broken by a row
SELECT * EXCLUDE (is_quarantine) FROM "inner".quarantine WHERE is_quarantine
