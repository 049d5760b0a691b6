-- A campaign's plan and purpose ('all': every one that it plans), on its last day that has come: drawn against plan and the year before
-- title: Season's draws against plan and last year
-- growth_share: Growth on the same days of the year before, share (0.1: a tenth more); null where nothing was drawn then
SELECT county_code, campaign, starts_on, ends_on, purpose, day, planned_yuan, drawn_to_date_yuan, drawn_share,
    year_before_to_date_yuan,
    CAST(drawn_to_date_yuan AS DOUBLE) / nullif(year_before_to_date_yuan, 0) - 1 AS growth_share
FROM campaigns
QUALIFY day = max(day) OVER (PARTITION BY county_code, campaign, starts_on)
ORDER BY county_code, starts_on, campaign, purpose
