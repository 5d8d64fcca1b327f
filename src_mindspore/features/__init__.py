"""The frozen layers run once; what they gave is kept on the disk."""
