CREATE OR REPLACE TEMP TABLE name_parts AS
WITH parts AS (SELECT DISTINCT unnest(string_split(name, '·')) AS part FROM names_given WHERE name IS NOT NULL),
known AS (SELECT parts.part, max_by(coalesce(same_as || substr(parts.part, length(v.part) + 1), parts.part),
    coalesce(length(v.part), 0)) AS spelling
          FROM parts LEFT JOIN name_variants AS v ON starts_with(parts.part, v.part) GROUP BY parts.part),
letters AS (SELECT part, unnest(string_split(spelling, '')) AS letter, unnest(range(length(spelling))) AS place
FROM known),
read AS (SELECT letters.*, coalesce(syllable, lower(letter)) AS syllable, coalesce(skeleton, upper(letter)) AS skeleton
         FROM letters LEFT JOIN syllables USING (letter))
SELECT part, string_agg(syllable, '' ORDER BY place) AS pinyin,
       CASE WHEN min_by(skeleton, place) IN ('', 'N') AND min_by(syllable, place) NOT LIKE 'n%' THEN 'A' ELSE '' END
       || string_agg(skeleton, '' ORDER BY place) AS skeleton
FROM read GROUP BY part
