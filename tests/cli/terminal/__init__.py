"""Tests of dlrun.cli.terminal."""
