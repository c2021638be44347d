"""Tests of dlrun."""
