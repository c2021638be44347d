"""Workflows: one file is one command, told in order. The only place where rooms meet."""
