-- A contracted parcel (DKLB 10, or nobody says) of which no row of the register was accepted
SELECT map, line_number, 'SHAPE_CODE_UNKNOWN' AS reason_code, NULL::DOUBLE AS value, NULL::DOUBLE AS expected,
       NULL::VARCHAR AS unit, NULL::BIGINT AS other_map, NULL::INTEGER AS other_line
FROM lines ANTI JOIN register USING (code)
WHERE coalesce(land_class, '10') = '10'
