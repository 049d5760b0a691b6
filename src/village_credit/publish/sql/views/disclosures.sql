-- What left for another house, by whose word and to whom; why stands in the ledger, for it may name people
SELECT * FROM "inner".disclosures ORDER BY act
