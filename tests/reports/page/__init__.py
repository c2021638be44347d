"""Tests of `dlrun.reports.page`."""
