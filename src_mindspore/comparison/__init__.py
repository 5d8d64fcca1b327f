"""Several recipes on the same folds of photos: which is better, and can it be told?"""
