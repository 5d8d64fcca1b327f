"""What comes from the package registry: fetched once, checked by SHA-256, cached."""
