"""What leaves for others than branches and offices: two people say so, and the ledger says what and to whom."""
