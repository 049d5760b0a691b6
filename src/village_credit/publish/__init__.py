"""What leaves: branch and office packages, the outbox, the analysts' views and their warehouse."""
