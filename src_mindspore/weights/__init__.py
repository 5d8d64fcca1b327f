"""Named arrays in any file format, given to a network by exact name and shape."""
