"""A Python like that of other systems."""
