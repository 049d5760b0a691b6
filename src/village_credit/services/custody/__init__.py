"""The keys, and what lies under them."""
