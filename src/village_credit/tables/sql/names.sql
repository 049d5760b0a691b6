-- Whether a name is long is asked here and kept nowhere: neither by person nor by group, nor which of the two is
-- behind.
WITH named AS (SELECT is_granted, {is_long_name} AS is_long FROM borrowers JOIN identities USING (unit_code,
    member_no) WHERE name IS NOT NULL),
counted AS (
    SELECT count(*) FILTER (is_long) AS long, count(*) FILTER (NOT is_long) AS short,
           count(*) FILTER (is_long AND is_granted) * short AS one,
               count(*) FILTER (NOT is_long AND is_granted) * long AS other
    FROM named
)
SELECT CASE WHEN least(long, short) >= $k THEN least(one, other) / nullif(greatest(one, other), 0) END FROM counted
