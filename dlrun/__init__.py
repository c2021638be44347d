"""Deep-learning experiments that are written down, not programmed."""

__version__ = "0.1.0"

NUMERICS = 1
"""Raised by one whenever a config gives other bits than with the version before."""
