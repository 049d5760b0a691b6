-- One book per household and year: several members' books of a year (the register may have merged two families)
-- cannot be told apart, and the one collected last stands, then the first delivered.
SELECT unit_code, year, persons, labourers, planting_income_yuan, livestock_income_yuan, wage_income_yuan,
    trade_income_yuan,
       transfer_income_yuan, production_cost_yuan, living_cost_yuan, assets_yuan, debts_yuan, sheep, cattle,
       is_cooperative_member = '是' AS is_cooperative_member
FROM t WHERE unit_code IS NOT NULL AND link_status <> 'provisional'
QUALIFY row_number() OVER (PARTITION BY unit_code, year ORDER BY collected_on DESC NULLS LAST, row_id) = 1
ORDER BY unit_code, year
