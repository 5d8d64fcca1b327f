"""A run on the disk; it knows nothing of the training loop."""
