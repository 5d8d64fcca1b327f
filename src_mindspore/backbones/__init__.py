"""Feature extractors, one architecture a file: layers, channels, strides, work of each."""
