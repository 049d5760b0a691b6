SELECT row_id, CASE WHEN is_same_person THEN 'MEMBER_IN_TWO_HOUSEHOLDS'
    ELSE 'NUMBER_OF_TWO_PEOPLE' END AS reason_code FROM shared_numbers
UNION ALL
SELECT parcels.row_id, CASE WHEN is_of_two THEN 'PARCEL_IN_TWO_HOUSEHOLDS' ELSE 'PARCEL_TWICE' END
FROM parcels JOIN shared_parcels USING (parcel_code) ORDER BY row_id
