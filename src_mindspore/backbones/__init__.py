"""One architecture a file: its layers, with channels, strides and work."""
