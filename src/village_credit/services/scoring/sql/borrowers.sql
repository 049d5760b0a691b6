-- Who each unit's borrower is (else its head), for the vault: one row a unit, with its members' hashed numbers.
SELECT k.household_key, i.*, n.number_hashes FROM identities AS i JOIN keys AS k USING (unit_code)
LEFT JOIN (SELECT unit_code, list(number_hash ORDER BY member_no) AS number_hashes FROM numbers
           GROUP BY unit_code) AS n USING (unit_code)
LEFT JOIN decisions AS d USING (unit_code)
QUALIFY row_number() OVER (PARTITION BY i.unit_code ORDER BY i.member_no = d.borrower_member_no DESC NULLS LAST,
    i.relation = 'head' DESC, i.member_no) = 1
ORDER BY k.household_key
