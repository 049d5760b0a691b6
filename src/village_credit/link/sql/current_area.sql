CREATE OR REPLACE TEMP MACRO current_area(code) AS
coalesce((SELECT current_code FROM county_aliases WHERE old_code = left(code, 6)), left(code, 6)) || substr(code, 7)
