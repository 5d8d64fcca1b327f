"""The page: an exported model in a folder that any static server serves."""
