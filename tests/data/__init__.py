"""Tests of reading, splitting, scaling and labelling."""
