"""Facts by household become the scorecard's features: one SQL file a family, point in time."""
