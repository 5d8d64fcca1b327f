"""A small data set of garbage photos that the project draws itself, for `make demo` and tests."""
