"""History is observed, a scorecard trained, assessed, signed."""
