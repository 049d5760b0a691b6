-- Reckon declared relief into a county's facts as of a day.
SELECT document, count(*) AS proofs
FROM proofs AS p
WHERE NOT EXISTS (SELECT 1 FROM known_proofs AS k JOIN identities AS i USING (unit_code)
WHERE i.person_id = p.person_id AND k.document = p.document AND k.loan_number = p.loan_number) GROUP BY document
ORDER BY document
