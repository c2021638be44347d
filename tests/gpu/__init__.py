"""What has to be tried on a GPU: `python -m tests.gpu`, one command of at most eight minutes."""
