"""From a file to the tensor that a network takes, and which files there are."""
