"""What people and schedules do; each writes the ledger at most once, and none knows another."""
