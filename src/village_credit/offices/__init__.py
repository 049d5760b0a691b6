"""What offices are handed of each contract: a schema, a standard contract file, a template and a page to read."""
