"""Memory that stays true: caches, shared loads, and the calls that announce changes to them."""
