-- Of several referrals the newest says who it is, as it says what is applied for (TRADERS).
CREATE TABLE lone_traders AS
SELECT * EXCLUDE (referred_on)
FROM lone_rows QUALIFY row_number() OVER (PARTITION BY unit_code ORDER BY referred_on DESC, row_id) = 1
