"""Tests of shapes that are told without Keras."""
