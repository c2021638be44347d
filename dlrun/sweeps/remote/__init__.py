"""Trials on other machines: what travels there and back, and what is done with it."""
