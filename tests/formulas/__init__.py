"""Tests of the formulas of layers."""
