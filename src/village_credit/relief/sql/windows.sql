-- Who is in which declared window: by place and industry, or named by a proof.
CREATE TEMP TABLE industries_of AS
SELECT unit_code, industry FROM traders
UNION SELECT unit_code, $crop_farming FROM crops
UNION SELECT unit_code, $livestock_farming
FROM books WHERE coalesce(livestock_income_yuan, 0) > 0 OR coalesce(sheep, 0) + coalesce(cattle, 0) > 0;

-- a proof counts for the loan that it names, of a member of the household, from the declaration's first day on
CREATE TEMP TABLE known_proofs AS
SELECT DISTINCT p.document, i.unit_code, p.loan_number, p.proof
FROM proofs AS p JOIN declared AS d USING (document) JOIN identities AS i USING (person_id)
JOIN conducts AS c ON c.unit_code = i.unit_code AND c.loan_number = p.loan_number
WHERE d.starts_on <= $as_of;

CREATE TEMP TABLE in_window AS
SELECT h.unit_code, d.document, d.cause, d.starts_on, d.ends_on, d.measures
FROM declared AS d JOIN households AS h
  ON EXISTS (SELECT 1 FROM unnest(d.area_codes) AS a(area_code) WHERE starts_with(h.village_code, a.area_code))
WHERE d.starts_on <= $as_of AND (len(d.industries) = 0 OR EXISTS (
    SELECT 1 FROM industries_of AS o WHERE o.unit_code = h.unit_code AND list_contains(d.industries, o.industry)))
UNION
SELECT p.unit_code, d.document, d.cause, d.starts_on, d.ends_on, d.measures
FROM known_proofs AS p JOIN declared AS d USING (document)
WHERE d.starts_on <= $as_of;

CREATE TEMP TABLE merged AS  -- two declarations may overlap: a day is excused once
WITH marked AS (
    SELECT *,
        starts_on > max(ends_on) OVER (PARTITION BY unit_code ORDER BY starts_on,
            ends_on ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) + 1 AS is_apart
    FROM in_window
), numbered AS (
    SELECT *,
        sum(CASE WHEN coalesce(is_apart, true) THEN 1 ELSE 0 END) OVER (PARTITION BY unit_code ORDER BY starts_on,
            ends_on ROWS UNBOUNDED PRECEDING) AS island
    FROM marked
)
SELECT unit_code, min(starts_on) AS starts_on, max(ends_on) AS ends_on FROM numbered GROUP BY unit_code, island;
