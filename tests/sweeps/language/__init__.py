"""Tests of `dlrun.sweeps.language`."""
