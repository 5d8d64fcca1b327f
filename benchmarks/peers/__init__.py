"""What benchmarks/latency.py needs to measure one inference engine beside another."""
