"""Tests of `dlrun.config.sweeps`."""
