"""The contract that goes out: the run folder, its names, and how its files are written and read."""
