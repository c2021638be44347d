"""Tests of dlrun.trackers."""
