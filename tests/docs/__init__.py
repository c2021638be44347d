"""Tests of the pages: README.md and what is in `docs/`."""
