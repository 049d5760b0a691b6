-- A line with what was drawn of it as the others have it; of a line that they lack, as it stands.
SELECT lines.* REPLACE (CASE WHEN o.unit_code IS NULL THEN lines.drawn_yuan ELSE o.drawn_yuan END AS drawn_yuan)
FROM lines LEFT JOIN others AS o ON o.unit_code = lines.unit_code AND o.product = lines.product
