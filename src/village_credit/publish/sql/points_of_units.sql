-- What units scored, a row a unit and feature.
SELECT u.unit_code, p.feature, p.value, p.points FROM points AS p JOIN units AS u USING (household_key)
