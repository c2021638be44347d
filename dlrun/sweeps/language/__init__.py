"""Many experiments from one line or one file: which keys vary, and through which values."""
