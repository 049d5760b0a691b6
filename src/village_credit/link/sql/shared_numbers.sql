-- A number that two members have. With agreeing names, in two households where its bearer is said to live: one
-- person whom two registers claim, who counts in neither until it is settled. With other names, in one household or
-- two and even if its owner died: a wrong number, which is its bearer's only where other lists say so. Neither is
-- anybody's guess.
CREATE TABLE shared_numbers AS
WITH bearers AS (SELECT *, is_living AND is_resident AS is_present FROM roster WHERE person_id IS NOT NULL),
pairs AS (
    SELECT one.unit_code, one.member_no, one.row_id, one.person_id, one.name,
        {agreement_a_b} <> 'different' AS is_same_name,
           one.is_present AND other.is_present AS are_present, other.unit_code <> one.unit_code AS is_elsewhere
    FROM bearers AS one
    JOIN bearers AS other ON other.person_id = one.person_id
        AND (other.unit_code, other.member_no) <> (one.unit_code, one.member_no)
    JOIN name_keys AS a ON a.name = one.name JOIN name_keys AS b ON b.name = other.name
    WHERE one.is_present OR other.is_present
), claims AS (
    SELECT unit_code, member_no, any_value(row_id) AS row_id, any_value(person_id) AS person_id,
        any_value(name) AS name, bool_or(is_same_name) AS is_same_person
    FROM pairs WHERE NOT is_same_name OR (are_present AND is_elsewhere)
    GROUP BY unit_code, member_no
), told AS (
    SELECT unit_code, member_no, bool_or({agreement_a_b} <> 'different') AS is_told
    FROM claims
    JOIN (SELECT DISTINCT person_id, name AS said FROM identified WHERE contract NOT IN ('land_contractor',
        'land_member') AND name IS NOT NULL) USING (person_id)
    JOIN name_keys AS a ON a.name = claims.name JOIN name_keys AS b ON b.name = said
    GROUP BY ALL
)
SELECT claims.*, NOT is_same_person AND coalesce(is_told, false)
       AND count(*) FILTER (is_told) OVER (PARTITION BY person_id) = 1 AS is_owner
FROM claims LEFT JOIN told USING (unit_code, member_no)
