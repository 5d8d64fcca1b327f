"""MindSpore Lite: converter and runtime, run in child processes."""
