"""MindSpore Lite: the converter from ONNX or MINDIR to ``.ms``, run in a child process."""
