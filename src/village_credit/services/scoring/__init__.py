"""Deliveries and a snapshot of the store become a staged run."""
