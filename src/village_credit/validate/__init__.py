"""Rows of text become typed rows, or quarantined rows with every rule that they broke.

One seam: `rows.validate(batch) -> (table, findings)`.
"""
