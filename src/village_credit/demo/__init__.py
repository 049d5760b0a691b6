"""A synthetic county that has lived a while: what `make run` does."""
