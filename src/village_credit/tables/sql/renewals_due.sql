-- Lines that are over and that the run gave no new term: they wait for a signed renewal.
SELECT e.* FROM ended AS e SEMI JOIN decisions AS d
    ON d.household_key = e.household_key AND d.product = e.product AND d.valid_to IS NULL
ORDER BY ALL
