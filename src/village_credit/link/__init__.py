"""Accepted rows of all offices become one roster of households and the records linked to it: a star, no chains.

Order: `villages` → `people` (who each row says it is about) → `repair` (damaged ID numbers) → settle (in
validate) → `roster` → `star` (every list to the roster) → `facts` (what the later stages read).
"""

RULES_VERSION = "2026.2"  # of the linkage rules; every link row carries it
