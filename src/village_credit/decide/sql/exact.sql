-- Exact whole numbers: land in ten-thousandths of a mu (mu4), money in fen, rates in millionths (ppm), and
-- sums of quotients in units of 1e-12 yuan (e12). DuckDB's `/` on DECIMAL is a DOUBLE, and `//` truncates
-- towards zero: `down` divides towards minus infinity.
CREATE MACRO mu4(x) AS CAST(CAST(x AS DECIMAL(34, 4)) * 10000 AS HUGEINT);
CREATE MACRO fen(x) AS CAST(CAST(x AS DECIMAL(34, 2)) * 100 AS HUGEINT);
CREATE MACRO down(a, b) AS CASE WHEN a >= 0 THEN CAST(a AS HUGEINT) // b ELSE -((-CAST(a AS HUGEINT) + b - 1) // b) END;
CREATE MACRO up(a, b) AS -down(-(a), b);
CREATE MACRO to_mu(x) AS CAST(CAST(x AS DECIMAL(30, 0)) * CAST('0.0001' AS DECIMAL(5, 4)) AS DECIMAL(18, 4));
CREATE MACRO to_yuan(x) AS CAST(CAST(x AS DECIMAL(30, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2));
-- A sum of quotients each rounded down by less than one unit may fall short of a whole yuan by a few units.
CREATE MACRO whole_yuan(e12) AS down(e12 + 16, 1000000000000);
CREATE MACRO in_latest_three_years(y, this_year) AS y < this_year AND y >= this_year - 3;
