-- A household, product and day on which something of it moved: what is owed at its end, by the one reckoning of balances
WITH draws AS (FROM "inner".draws), repayments AS (FROM "inner".repayments)
FROM ({owed})
