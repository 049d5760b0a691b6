-- What of a run waits beside its signature: what, for whom, how many
SELECT 'authority' AS what, role AS who, count(*) AS households FROM t_authority GROUP BY ALL
UNION ALL SELECT 'review', '', count(*) FROM t_decisions WHERE decision = 'manual_review'
UNION ALL SELECT 'renewal', '', count(*) FROM t_renewals_due
UNION ALL SELECT 'link', '', CAST(coalesce(sum(provisional + conflicting), 0) AS BIGINT) FROM t_link_quality
UNION ALL SELECT 'delivery', office, count(*) FROM t_deliveries WHERE state <> 'complete' GROUP BY ALL
UNION ALL SELECT 'correction', office, count(DISTINCT (file_name, sheet, line_number)) FROM t_corrections
    WHERE state <> 'corrected' GROUP BY ALL
ORDER BY list_position(['authority', 'review', 'renewal', 'link', 'delivery', 'correction'], what), who
