"""Tests of `dlrun.catalog`."""
