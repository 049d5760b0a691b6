"""Questions: they change nothing."""
