-- A village's, township's or county's code of another time becomes today's: the longest part that has another counts.
CREATE OR REPLACE TEMP MACRO current_area(code) AS
coalesce((SELECT current_code FROM area_aliases WHERE old_code = left(code, 12)) || substr(code, 13),
    (SELECT current_code FROM area_aliases WHERE old_code = left(code, 9)) || substr(code, 10),
    (SELECT current_code FROM area_aliases WHERE old_code = left(code, 6)) || substr(code, 7), code)
