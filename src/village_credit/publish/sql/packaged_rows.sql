-- One row a household: of one that goes on with another product, that one.
FROM rows
QUALIFY row_number() OVER (PARTITION BY household_key ORDER BY is_replaced, product) = 1
ORDER BY branch_code, product, village_code, unit_code
