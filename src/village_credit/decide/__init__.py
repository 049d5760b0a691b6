"""Facts and probabilities become decisions: borrower, product, screen, the limit and its dates, to the yuan."""
