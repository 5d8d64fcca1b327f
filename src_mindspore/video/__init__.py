"""Frames of video files and cameras, and frames to video files, with OpenCV."""
