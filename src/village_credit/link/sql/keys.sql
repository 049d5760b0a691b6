CREATE OR REPLACE TABLE name_keys AS
WITH split AS (
    SELECT name, string_split(name, '·') AS parts FROM (SELECT DISTINCT name FROM names_given WHERE name IS NOT NULL)
)
SELECT name, len(parts) AS part_count, {is_long_name} AS is_long,
       a.pinyin || coalesce(b.pinyin, '') || coalesce(c.pinyin, '') AS pinyin, a.pinyin AS given_pinyin,
           coalesce(b.pinyin, '') AS father_pinyin,
       a.skeleton AS given_skeleton, coalesce(b.skeleton, '') AS father_skeleton,
           coalesce(c.skeleton, '') AS third_skeleton
FROM split JOIN name_parts AS a ON a.part = parts[1]
LEFT JOIN name_parts AS b ON b.part = parts[2] LEFT JOIN name_parts AS c ON c.part = parts[3]
