"""What branches and the core system send back is judged and kept."""
