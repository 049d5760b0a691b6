-- A rule that decided and the rule that decides now: how many households, their limits in all and the middle one of
-- them on either side, whole yuan.
SELECT rule_before AS "group", rule_after AS change, count(*) AS households,
    CAST(sum(before_yuan) AS BIGINT) AS before_yuan, CAST(sum(after_yuan) AS BIGINT) AS after_yuan,
    CAST(quantile_disc(before_yuan, 0.5) AS BIGINT) AS middle_before_yuan,
    CAST(quantile_disc(after_yuan, 0.5) AS BIGINT) AS middle_after_yuan
FROM compared GROUP BY ALL ORDER BY ALL
