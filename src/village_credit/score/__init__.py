"""Features become points, and points a default probability, by a table that a person can read."""
