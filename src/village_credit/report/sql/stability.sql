-- How far the county is from the training and the last publication, and how groups of borrowers fare.
SELECT feature, psi_training, psi_published, missing_share, missing_share_training, missing_share_published FROM t_drift
