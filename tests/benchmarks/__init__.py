"""Benchmarks: ratios to plain Keras, measured in one run; `python -m tests.benchmarks`."""
