"""Hundreds of heads on the same cached features: which settings are worth changing."""
