"""The machine under everything: files, processes, the cache folder, the terminal."""
