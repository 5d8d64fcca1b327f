"""A small data set, drawn here: the demo and the tests need no photos of anybody."""
