-- A parcel whose shape has another area than its own line or the register says; in another unit, under a code of its own
WITH measured AS (
    SELECT map, line_number, code, measured_m2,
           coalesce(TRY_CAST(area_m2 AS DOUBLE), TRY_CAST(area_mu AS DOUBLE) * $mu_m2) AS said_m2
    FROM lines WHERE measured_m2 IS NOT NULL
), said AS (
    SELECT map, line_number, measured_m2, 'own' AS by_whom,
           CASE WHEN isfinite(said_m2) AND said_m2 > 0 THEN said_m2 END AS said_m2
    FROM measured
    UNION ALL
    SELECT map, line_number, measured_m2, 'register', unnest(areas) FROM measured JOIN register USING (code)
), compared AS (
    SELECT *,
           abs(measured_m2 - said_m2) <= $tolerance * greatest($mu_m2, said_m2) AS is_same,
           abs(measured_m2 - said_m2 * $mu_m2) <= $tolerance * greatest($mu_m2, said_m2 * $mu_m2) AS is_in_mu,
           by_whom = 'register'
               AND abs(measured_m2 - said_m2 / $mu_m2) <= $tolerance * greatest($mu_m2, said_m2 / $mu_m2) AS is_in_m2
    FROM said
), judged AS (
    SELECT map, line_number, by_whom, any_value(measured_m2) AS measured_m2,
           list_sort(list(said_m2))[1] AS said_m2,
           bool_or(is_same) AS is_same, bool_or(is_in_mu OR is_in_m2) AS is_other_unit
    FROM compared GROUP BY map, line_number, by_whom
)
SELECT map, line_number,
       CASE WHEN said_m2 IS NULL THEN 'SHAPE_AREA_NOT_SAID'
            WHEN is_other_unit THEN if(by_whom = 'own', 'SHAPE_AREA_IN_MU', 'REGISTER_AREA_UNIT')
            ELSE if(by_whom = 'own', 'SHAPE_AREA', 'REGISTER_AREA') END AS reason_code,
       measured_m2 AS value, said_m2 AS expected, 'square_metre' AS unit,
       NULL::BIGINT AS other_map, NULL::INTEGER AS other_line
FROM judged WHERE NOT coalesce(is_same, false)
