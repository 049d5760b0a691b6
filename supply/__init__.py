"""What the product is made of and what must not be in it: secrets, the list of packages, what is known against them."""
