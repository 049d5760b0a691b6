SELECT w.unit_code, w.document, w.cause, w.starts_on, w.ends_on, coalesce(e.loans, 0) AS excused_loans,
    coalesce(e.days, 0) AS excused_days,
       coalesce(l.entries, 0) AS lifted_entries
FROM windows AS w
LEFT JOIN (SELECT unit_code, count(*) AS loans, CAST(sum(greatest(days_overdue - days_left,
    max_days_overdue - worst_left)) AS BIGINT) AS days FROM excused GROUP BY 1) AS e USING (unit_code)
LEFT JOIN (SELECT unit_code, count(*) AS entries FROM lifted GROUP BY 1) AS l USING (unit_code)
ORDER BY ALL
