-- The figures that decide, no wider than a limit may be.
SELECT unit_code, product, preference, band, ppm, CAST(income AS BIGINT) AS income,
    CAST(operating_income AS BIGINT) AS operating_income,
       CAST(capacity AS BIGINT) AS capacity, CAST(band_limit AS BIGINT) AS band_limit,
           CAST(need AS BIGINT) AS need, CAST(headroom AS BIGINT) AS headroom,
       CAST(rise AS BIGINT) AS rise, CAST(branch AS BIGINT) AS branch,
       borrower_member_no, CAST(standing_fen AS BIGINT) AS standing_fen,
           before_to IS NOT NULL AS keeps_term, term_months
FROM reckoned
