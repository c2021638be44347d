"""Tests of dlrun.serving: what is answered over HTTP."""
