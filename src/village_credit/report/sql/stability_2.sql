-- How far the county is from the training and the last publication, and how groups of borrowers fare.
SELECT attribute, group_name, households, granted, approval_share, approval_low, approval_high, approval_ratio,
    mean_limit_yuan, limit_ratio, is_flagged
FROM t_fairness
