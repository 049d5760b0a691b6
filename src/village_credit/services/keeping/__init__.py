"""What is kept no longer: persons that are erased, and what is past its retention."""
