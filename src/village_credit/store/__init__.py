"""Bytes on disk: the store, its keys, its runs."""
