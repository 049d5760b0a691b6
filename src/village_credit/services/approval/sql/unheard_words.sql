-- Lines that a run grants above a branch's last word, which the ledger did not have when the run was computed.
SELECT count(*) FROM decisions AS d JOIN (FROM words_now EXCEPT FROM words_then) AS w USING (household_key, product)
WHERE d.decision = 'granted' AND d.limit_yuan > w.said_yuan
