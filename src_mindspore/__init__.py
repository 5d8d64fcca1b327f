"""From a folder of photos to an image classifier on a phone, with MindSpore."""
