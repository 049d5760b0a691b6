"""Sign, publish, roll back."""
