CREATE OR REPLACE TEMP TABLE name_parts AS
WITH parts AS (SELECT DISTINCT unnest(string_split(name, '·')) AS part FROM names_given WHERE name IS NOT NULL),
known AS (SELECT parts.part, max_by(coalesce(same_as || substr(parts.part, length(v.part) + 1), parts.part),
    coalesce(length(v.part), 0)) AS spelling
          FROM parts LEFT JOIN name_variants AS v ON starts_with(parts.part, v.part) GROUP BY parts.part),
letters AS (SELECT part, unnest(string_split(spelling, '')) AS letter, unnest(range(length(spelling))) AS place
FROM known),
-- A letter that the table does not have is a token of its own, in ASCII: keys are compared by letters, and whether a database
-- counts letters or bytes must not matter.
tokens AS (SELECT DISTINCT letter, CASE WHEN unicode(letter) < 128 THEN letter ELSE substr(md5(letter), 1, 6) END AS token
FROM letters),
read AS (SELECT letters.*, coalesce(syllable, lower(token)) AS syllable, coalesce(skeleton, upper(token)) AS skeleton
         FROM letters JOIN tokens USING (letter) LEFT JOIN syllables USING (letter))
SELECT part, string_agg(syllable, '' ORDER BY place) AS pinyin,
       CASE WHEN min_by(skeleton, place) IN ('', 'N') AND min_by(syllable, place) NOT LIKE 'n%' THEN 'A' ELSE '' END
       || string_agg(skeleton, '' ORDER BY place) AS skeleton
FROM read GROUP BY part
