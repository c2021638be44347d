"""Tests of dlrun.rundir."""
