-- How two names agree, the first kind that holds; {one}, {other}: aliases of `name_keys` rows
CASE WHEN {one}.name = {other}.name THEN 'equal'
     WHEN {one}.pinyin = {other}.pinyin THEN 'sound'
     WHEN {one}.part_count = {other}.part_count AND {one}.is_long AND {other}.is_long
      AND {one}.given_skeleton = {other}.given_skeleton AND {one}.father_skeleton = {other}.father_skeleton
      AND {one}.third_skeleton = {other}.third_skeleton AND length({one}.given_skeleton || {one}.father_skeleton) >= 3
      AND jaro_winkler_similarity({one}.pinyin, {other}.pinyin) >= 0.70 THEN 'skeleton'
     WHEN ({one}.part_count > 1 OR {other}.part_count > 1) AND {one}.part_count <> {other}.part_count
      AND ({one}.given_pinyin = {other}.given_pinyin
           OR ({one}.given_skeleton = {other}.given_skeleton AND length({one}.given_skeleton) >= 2
               AND jaro_winkler_similarity({one}.given_pinyin, {other}.given_pinyin) >= 0.70))
      AND ({one}.father_skeleton = {other}.father_skeleton OR {one}.part_count = 1 OR {other}.part_count = 1)
          THEN 'father'
     WHEN {one}.part_count = 2 AND {other}.part_count = 2 AND {one}.given_skeleton = {other}.father_skeleton
      AND {one}.father_skeleton = {other}.given_skeleton AND {one}.given_skeleton <> {one}.father_skeleton
      AND length({one}.given_skeleton || {one}.father_skeleton) >= 3 THEN 'reordered'
     WHEN {one}.part_count = 2 AND {other}.part_count = 2 AND least(length({one}.name), length({other}.name)) >= $cut
      AND {one}.given_skeleton = {other}.given_skeleton
          AND least(length({one}.father_skeleton), length({other}.father_skeleton)) >= 1
      AND (starts_with({one}.father_skeleton, {other}.father_skeleton) OR starts_with({other}.father_skeleton,
          {one}.father_skeleton)) THEN 'cut'
     WHEN {one}.part_count = {other}.part_count AND {one}.is_long AND {other}.is_long
      AND (({fathers} >= 0.80 AND ({givens} >= 0.88
            OR ({givens} >= 0.78 AND length({one}.given_skeleton) >= 2
                AND replace({one}.given_skeleton, 'L', '') = replace({other}.given_skeleton, 'L', ''))))
           OR ({fathers} >= 0.70 AND {one}.given_skeleton = {other}.given_skeleton AND length({one}.given_skeleton)
               >= 2)) THEN 'similar'
     WHEN NOT {one}.is_long AND NOT {other}.is_long AND {one}.given_skeleton = {other}.given_skeleton
      AND length({one}.name) = length({other}.name)
          AND jaro_winkler_similarity({one}.pinyin, {other}.pinyin) >= 0.80 THEN 'similar'
     ELSE 'different' END
