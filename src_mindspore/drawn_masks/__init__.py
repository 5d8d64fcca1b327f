"""Masks drawn on bare faces, worn well and badly: a data set of three classes."""
