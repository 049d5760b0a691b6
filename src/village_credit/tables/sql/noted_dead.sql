-- Whom the register notes as dead: how many, which share of them is old, and which share no list of this year or the
-- last one names.
WITH dead AS (
    SELECT birth_date, person_id FROM members JOIN identities USING (unit_code, member_no) WHERE NOT is_living
)
SELECT count(*), avg(CASE WHEN birth_date <= $old_born THEN 1.0 ELSE 0.0 END),
    avg(CASE WHEN person_id IN (SELECT person_id FROM seen WHERE person_id IS NOT NULL) THEN 0.0 ELSE 1.0 END)
FROM dead
