-- Days overdue that fall into a window do not count; a proven loan does not count at all.
-- A loan is overdue on the days after `since`; a run of arrears that nobody can date is excused by a proof only.
CREATE TEMP TABLE dated AS
SELECT row_number() OVER () AS loan_no, c.*,
       CASE WHEN days_overdue > 0 THEN cutoff_on - days_overdue::INTEGER END AS now_since,
       coalesce(overdue_since, CASE WHEN max_days_overdue = days_overdue
           AND days_overdue > 0 THEN cutoff_on - days_overdue::INTEGER END) AS worst_since
FROM conducts AS c;

CREATE TEMP TABLE spared AS
SELECT d.loan_no,
       sum(greatest(0, least(m.ends_on, d.cutoff_on) - greatest(m.starts_on, d.now_since + 1) + 1))
           FILTER (d.now_since IS NOT NULL) AS now_days,
       sum(greatest(0, least(m.ends_on, d.cutoff_on, d.worst_since + d.max_days_overdue::INTEGER)
           - greatest(m.starts_on, d.worst_since + 1) + 1)) FILTER (d.worst_since IS NOT NULL) AS worst_days
FROM dated AS d JOIN merged AS m USING (unit_code) WHERE d.max_days_overdue > 0 GROUP BY d.loan_no;

CREATE TEMP TABLE judged AS
SELECT d.*, p.proof, coalesce(s.now_days, 0)::BIGINT AS now_days,
       -- the worst run can be no shorter than what is still overdue
       greatest(d.max_days_overdue - coalesce(s.worst_days, 0), d.days_overdue - coalesce(s.now_days,
           0))::BIGINT AS worst_left
FROM dated AS d LEFT JOIN spared AS s USING (loan_no)
LEFT JOIN (SELECT unit_code, loan_number, min(proof) AS proof FROM known_proofs GROUP BY ALL) AS p USING (unit_code,
    loan_number);

CREATE TEMP TABLE excused AS
SELECT unit_code, loan_number, coalesce(now_since, worst_since) AS since, days_overdue, max_days_overdue,
       CASE WHEN proof IS NOT NULL THEN 0 ELSE days_overdue - now_days END AS days_left,
       CASE WHEN proof IS NOT NULL THEN 0 ELSE worst_left END AS worst_left, proof
FROM judged WHERE proof IS NOT NULL OR now_days > 0 OR worst_left < max_days_overdue;

CREATE TEMP TABLE conducts_counted AS
SELECT * EXCLUDE (loan_no, now_since, worst_since, proof, now_days, worst_left) REPLACE (
    days_overdue - now_days AS days_overdue,
    -- where all of a run is excused, how the loan is paid is not known
    CASE WHEN worst_left > 0 OR max_days_overdue = 0 THEN worst_left END AS max_days_overdue,
    -- what is left of a run begins later by the days that are excused
    CASE WHEN worst_left = 0 THEN NULL WHEN worst_since IS NULL THEN overdue_since
        ELSE worst_since + (max_days_overdue - worst_left)::INTEGER END AS overdue_since,
    CASE WHEN proof IS NOT NULL THEN true ELSE is_relief END AS is_relief,
    coalesce(proof, relief_proof) AS relief_proof)
FROM judged ORDER BY loan_no;

-- An entry whose only cause is arrears, made since a window began, falls where nothing of the arrears before it is
-- left.
CREATE TEMP TABLE lifted AS
SELECT row_number() OVER () AS entry_no, n.*,
       len(list_filter(string_split_regex(trim(n.reason_code), '[,，;；、/ ]+'), lambda code: code <> '')) > 0
       AND list_has_all($conduct_reasons, list_filter(string_split_regex(trim(n.reason_code), '[,，;；、/ ]+'),
           lambda code: code <> ''))
       AND EXISTS (SELECT 1 FROM in_window AS w WHERE w.unit_code = n.unit_code AND n.listed_on >= w.starts_on)
       AND EXISTS (SELECT 1 FROM excused AS e WHERE e.unit_code = n.unit_code AND (e.since IS NULL
           OR e.since < n.listed_on))
       AND NOT EXISTS (SELECT 1 FROM conducts_counted AS c WHERE c.unit_code = n.unit_code AND c.max_days_overdue > 0
                       AND NOT (coalesce(c.is_relief, false) AND coalesce(c.relief_proof, '') <> '')
                       AND (c.overdue_since IS NULL OR c.overdue_since < n.listed_on)) AS is_lifted
FROM negatives AS n;
