"""Data: reading files, splitting rows, scaling features and fitting labels to the loss."""
