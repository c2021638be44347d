"""Plots of a run: one file is one plot, which says whether it fits a run, and draws it."""
