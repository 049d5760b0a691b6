CREATE MACRO digit_sum(t) AS list_sum(list_transform(range(17), lambda i:
    CAST(substr(t, i + 1, 1) AS INTEGER) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i + 1]));
CREATE MACRO completed_15(t) AS left(t, 6) || '19' || right(t, 9) || substr('10X98765432', CAST(digit_sum(left(t, 6)
    || '19' || right(t, 9)) % 11 AS BIGINT) + 1, 1);
