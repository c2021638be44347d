"""Data: reading files, splitting rows, scaling features and fitting labels to the loss.

Whatever is wrong with data is a `DataError` that names the file, and the line and the cell.
"""
