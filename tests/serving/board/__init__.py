"""Tests of dlrun.serving.board: what the board shows, and to whom."""
