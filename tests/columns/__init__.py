"""Tests of the columns of a table."""
