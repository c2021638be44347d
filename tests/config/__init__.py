"""Tests of `dlrun.config`."""
