-- 二组, 第12小组, 3: the number of a village's group
CREATE MACRO group_number(t) AS coalesce(
try_cast(regexp_extract(t, '([0-9]{1,2})(?:组|小组|队|$)', 1) AS INTEGER),
list_position(['一', '二', '三', '四', '五', '六',
    '七', '八', '九', '十', '十一', '十二', '十三', '十四', '十五', '十六', '十七',
    '十八',
    '十九', '二十'],
              regexp_extract(t, '([一二三四五六七八九十]{1,3})(?:组|小组)', 1)));
