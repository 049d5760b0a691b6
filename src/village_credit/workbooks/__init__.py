"""Rows become workbooks for people, and come back."""
