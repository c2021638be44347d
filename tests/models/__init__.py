"""Tests of models: building, weights, summary."""
