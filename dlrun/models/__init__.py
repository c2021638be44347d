"""Models: built from the layers of a config, described, and filled with weights."""
