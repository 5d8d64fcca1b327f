"""C++ of ours, compiled by the machine that runs it; nothing here loads MindSpore."""
