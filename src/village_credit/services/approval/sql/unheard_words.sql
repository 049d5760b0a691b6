-- Lines that a run grants above a branch's last word, said on the run's day or later
SELECT count(*) FROM decisions AS d JOIN words AS w USING (household_key, product)
WHERE w.said_on >= $as_of AND d.decision = 'granted' AND d.limit_yuan > w.said_yuan
