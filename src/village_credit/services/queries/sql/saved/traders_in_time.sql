-- A county and month: the referred traders that were answered in it, how many within the day, and how many wait at its end
-- title: Traders answered within the day
-- in_time_share: Of the answered ones, in time, share 0–1; null where none was answered
SELECT place_code AS county_code, month, traders_answered, traders_in_time,
    traders_in_time / nullif(traders_answered, 0) AS in_time_share, traders_waiting
FROM statistics WHERE level = 'county' AND product = 'all'
ORDER BY county_code, month
