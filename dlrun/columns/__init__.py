"""The shelf of the kinds of columns that a table may have: one file is one word."""
