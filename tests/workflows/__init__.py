"""Tests of dlrun.workflows: one command each, through the command line."""
