"""What a user may ask, as data; nothing here loads MindSpore."""
