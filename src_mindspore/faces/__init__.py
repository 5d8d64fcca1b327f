"""Faces in a photo: where they are, never whose they are."""
