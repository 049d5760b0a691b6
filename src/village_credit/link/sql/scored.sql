-- A pair far below what is accepted, or could come within its margin, no longer matters.
CREATE OR REPLACE TEMP TABLE scored AS
SELECT * FROM (SELECT pairs.*, {score} AS score FROM pairs) WHERE score >= $accept - $margin
