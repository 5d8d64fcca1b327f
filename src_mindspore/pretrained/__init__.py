"""Pretrained backbone weights from files of several kinds, loaded strictly."""
