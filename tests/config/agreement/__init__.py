"""Mutated configs, and what Keras itself says to them."""
