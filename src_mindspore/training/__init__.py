"""A training run; begin with train.py."""
