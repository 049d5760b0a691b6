-- A campaign's purposes on the last of its days that is told up to a day
SELECT * FROM campaigns WHERE county_code = $place AND day <= $day
QUALIFY day = max(day) OVER (PARTITION BY campaign, starts_on)
ORDER BY starts_on, campaign, purpose <> 'all', purpose
