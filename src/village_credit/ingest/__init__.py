"""A county's files are read, judged and linked in order, with an account of every line."""
