"""Device files of a run, each checked against the checkpoint."""
