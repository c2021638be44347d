"""Tests of dlrun.resident and dlrun.warm."""
