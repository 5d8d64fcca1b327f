"""A classifier: built, cut, run and accelerated."""
