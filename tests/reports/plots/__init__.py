"""Tests of `dlrun.reports.plots`."""
