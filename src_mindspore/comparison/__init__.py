"""Several recipes on the same folds of the same photos: which is better, and whether one can tell."""
