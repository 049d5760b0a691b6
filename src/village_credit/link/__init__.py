"""Accepted rows of all offices become one roster of households and the records linked to it: a star, no chains.

Order: `villages` → `people` (who each row says it is about, damaged numbers repaired; `names`) → settle (in
validate) → `roster` → `star` (every list to the roster; `residue`, `pairs`, `weights`) → `facts` (what later stages
read).
"""

RULES_VERSION = "2026.4"  # of the linkage rules; every link row carries it
