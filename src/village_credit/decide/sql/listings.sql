-- Listings as the policy reads their reasons, and against which member alone one stands (limit §6).
-- A cell may give several reasons; those of health, status or hearsay never count, and the darkest of the others does.
CREATE TABLE negatives_read AS
SELECT n.* EXCLUDE (codes), NOT list_has_all(f.refused_reasons, codes) AS has_counting_reason,
       CASE WHEN NOT has_counting_reason THEN 'refused'
           WHEN list_has_all(list_concat(f.refused_reasons, f.grey_reasons), codes) THEN 'grey'
               ELSE 'black' END AS colour,
       listed_on < as_of() - INTERVAL 5 YEAR OR coalesce(expires_on < as_of(), false) AS is_over,
       member_is_adult_living AND listed_on <= as_of() AND has_counting_reason AND NOT is_over AS counts,
       -- where the policy's contagion ends with the borrower; whose an entry is that names no known member, nobody
       -- knows
       member_no IS NOT NULL AND CASE colour WHEN 'grey' THEN f.grey_stays
           ELSE f.negative_stays END AS stays_with_member
FROM (SELECT *, list_filter(string_split_regex(trim(reason_code), '[,，;；、/ ]+'), lambda code: code <> '') AS codes
FROM negatives) AS n, f;

CREATE TABLE arrears_read AS
SELECT unit_code, member_no, days, member_no IS NOT NULL AND f.overdue_stays AS stays_with_member
FROM arrears, f WHERE days > 0;

CREATE TABLE marked AS  -- members against whom alone something stands; 2: it declines, 1: a person looks
SELECT unit_code, member_no, max(mark) AS mark
FROM (SELECT unit_code, member_no, CASE colour WHEN 'black' THEN 2 ELSE 1 END AS mark FROM negatives_read
WHERE counts AND link_status <> 'provisional' AND stays_with_member
      UNION ALL SELECT unit_code, member_no, CASE WHEN days > 90 THEN 2 ELSE 1 END
      FROM arrears_read WHERE stays_with_member)
GROUP BY unit_code, member_no;
