-- A county and product ('all': all of them) in the latest month: what is in force beside the same month a year before, both with lines past their last day that no publication decided anew; a run's page and `diff` compare with other figures
-- title: Growth on the year before
SELECT place_code AS county_code, product, month, in_force_yuan, year_before_yuan, growth_share
FROM statistics WHERE level = 'county'
QUALIFY month = max(month) OVER ()
ORDER BY county_code, product
