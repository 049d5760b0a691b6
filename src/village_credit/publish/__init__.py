"""Decided households become a sealed run, a signed publication, the analysts' warehouse and branch packages."""
