"""What is said of a model: one description of its input, output and labels, spec.json."""
