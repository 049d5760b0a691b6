-- A row whose day is not come is kept, and counts from that day on.
SELECT unit_code, referral_batch, applied_yuan, industry, referred_on FROM t
WHERE unit_code IS NOT NULL AND link_status <> 'provisional' AND referred_on <= $as_of
QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY referred_on DESC, row_id) = 1 ORDER BY unit_code
