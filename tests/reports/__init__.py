"""Tests of dlrun.reports."""
