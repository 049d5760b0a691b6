-- One identity a household from vaults: of the first publication that knows its borrower's number.
SELECT * EXCLUDE (place)
FROM (SELECT *, row_number() OVER (PARTITION BY household_key ORDER BY rank) AS place FROM identities) WHERE place = 1
