"""Cases carried out to a person and back, and what people sign between runs."""
