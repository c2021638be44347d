"""Tests of `dlrun.sweeps`."""
