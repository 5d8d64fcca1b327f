"""The page of a run: what it scored, which photos were wrong, and where the network looked."""
