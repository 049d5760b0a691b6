"""Declared relief: who is in a window, which conduct it excuses, and what a branch may offer."""
