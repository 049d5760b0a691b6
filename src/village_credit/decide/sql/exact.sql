-- Exact whole numbers: land in ten-thousandths of a mu (mu4), money in fen, rates in millionths (ppm), and
-- sums of quotients in units of 1e-12 yuan (e12). DuckDB's `/` on DECIMAL is a DOUBLE, and `//` truncates
-- towards zero: `down` divides towards minus infinity.
CREATE MACRO mu4(x) AS CAST(CAST(x AS DECIMAL(34, 4)) * 10000 AS HUGEINT);
CREATE MACRO fen(x) AS CAST(CAST(x AS DECIMAL(34, 2)) * 100 AS HUGEINT);
CREATE MACRO down(a, b) AS CASE
    -- the same, and some fifteen times faster in 64 bits
    WHEN a BETWEEN 0 AND 9223372036854775807 AND b <= 9223372036854775807
    THEN CAST(CAST(a AS BIGINT) // CAST(b AS BIGINT) AS HUGEINT)
    WHEN a >= 0 THEN CAST(a AS HUGEINT) // b ELSE -((-CAST(a AS HUGEINT) + b - 1) // b) END;
-- A share in ppm of an amount, down: as down(x * ppm, 1000000), without leaving 64 bits where the amount fits them.
CREATE MACRO share(x, ppm) AS CASE
    WHEN x BETWEEN 0 AND 9223372036854775807 AND ppm BETWEEN 0 AND 1000000000000
    THEN CAST(CAST(x AS BIGINT) // 1000000 AS HUGEINT) * ppm + CAST(CAST(x AS BIGINT)
        % 1000000 * ppm // 1000000 AS HUGEINT)
    ELSE down(CAST(x AS HUGEINT) * ppm, 1000000) END;
-- Of which parcels the land is a household's own: of a family contract, of which a parcel without a method is one, and
-- of the methods that a policy counts. Features and limit ask it alike.
CREATE MACRO counts_as_own(method, counted) AS coalesce(method LIKE '1__' OR list_contains(counted, method), true);
-- What a person or a branch said stands so many months from its day.
CREATE MACRO stands(said_on, months) AS said_on + to_months(CAST(months AS INTEGER)) > as_of();
CREATE MACRO e12(yuan) AS CAST(yuan AS HUGEINT) * 1000000000000;
CREATE MACRO up(a, b) AS -down(-(a), b);
CREATE MACRO to_mu(x) AS CAST(CAST(x AS DECIMAL(30, 0)) * CAST('0.0001' AS DECIMAL(5, 4)) AS DECIMAL(18, 4));
CREATE MACRO to_yuan(x) AS CAST(CAST(x AS DECIMAL(30, 0)) * CAST('0.01' AS DECIMAL(3, 2)) AS DECIMAL(18, 2));
-- A sum of quotients each rounded down by less than one unit may fall short of a whole yuan by a few units.
CREATE MACRO whole_yuan(e12) AS down(e12 + 16, 1000000000000);
CREATE MACRO as_of() AS CAST(getvariable('as_of') AS DATE);
-- Places from 0 in the orders that the outgoing contract names; what they do not name stops the run.
CREATE MACRO place_in(names, name) AS CASE WHEN list_contains(names, name) THEN list_position(names, name) - 1
    ELSE CAST(error('the contract orders no ' || name) AS INTEGER) END;
CREATE MACRO product_no(product) AS place_in(getvariable('products'), product);
CREATE MACRO band_no(band) AS place_in(getvariable('bands'), band);
CREATE MACRO product_count() AS len(getvariable('products'));
CREATE MACRO band_count() AS len(getvariable('bands'));
CREATE MACRO in_latest_three_years(y, this_year) AS y < this_year AND y >= this_year - 3;
