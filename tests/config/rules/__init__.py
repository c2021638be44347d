"""Tests of `dlrun.config.rules`."""
