"""The way to the resident process: where it listens, what is said, who asks. Standard library."""
