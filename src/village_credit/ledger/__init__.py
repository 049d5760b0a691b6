"""Entries in, state out: what people did, and what follows from it."""
