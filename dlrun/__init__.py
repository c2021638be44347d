"""Deep-learning experiments that are written down, not programmed."""

__version__ = "0.1.0"
