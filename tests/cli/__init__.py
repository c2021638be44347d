"""Tests of dlrun.cli."""
