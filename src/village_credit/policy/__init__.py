"""The dated policy: its model, its checks, its compiled figures; pure."""
