"""Stored runs become what people read: the run's page, a household's explanation, its notice."""
