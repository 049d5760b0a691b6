-- The book: mean of the latest three complete years; a household without a book has nulls, never zeros. A spread is
-- reckoned in doubles, and in one order: which thread comes first decides no last digit.
WITH recent AS (
    SELECT *, coalesce(planting_income_yuan, 0) + coalesce(livestock_income_yuan, 0) + coalesce(wage_income_yuan, 0)
              + coalesce(trade_income_yuan, 0) AS earned
    FROM books WHERE year < year($as_of::DATE) AND year >= year($as_of::DATE) - 3
), summed AS (
    SELECT unit_code, avg(earned)::DOUBLE AS earned, stddev_pop(earned ORDER BY year, earned)::DOUBLE AS spread,
           avg(wage_income_yuan)::DOUBLE AS wages, avg(livestock_income_yuan)::DOUBLE AS livestock,
           avg(production_cost_yuan)::DOUBLE AS costs, avg(planting_income_yuan)::DOUBLE AS planting,
           arg_max(persons, year) AS persons, arg_max(labourers, year) AS labourers,
           arg_max(debts_yuan, year)::DOUBLE AS debts, arg_max(assets_yuan, year)::DOUBLE AS assets, count(*) AS years
    FROM recent GROUP BY unit_code
)
SELECT h.unit_code,
       s.earned / nullif(s.persons, 0) AS income_per_person_yuan,
       s.debts / nullif(s.earned, 0) AS debt_to_income,
       CASE WHEN s.years >= 2 THEN s.spread / nullif(s.earned, 0) END AS income_volatility,
       s.wages / nullif(s.earned, 0) AS wage_share,
       s.livestock / nullif(s.earned, 0) AS livestock_share,
       s.costs / nullif(s.planting, 0) AS cost_to_planting,
       s.labourers::DOUBLE / nullif(s.persons, 0) AS labour_share,
       s.assets / nullif(s.persons, 0) AS assets_per_person_yuan
FROM households AS h LEFT JOIN summed AS s USING (unit_code)
