"""Rows of text become typed rows, or quarantined rows with every rule that they broke.

One seam: `judge.validate(batch) -> (table, findings)`.
"""
