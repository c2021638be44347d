"""The resident process: has imported everything, and is copied for each command line."""
