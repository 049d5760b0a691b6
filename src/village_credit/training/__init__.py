"""Fitting and judging a scorecard; pure."""
