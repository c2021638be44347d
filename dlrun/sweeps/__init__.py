"""Which run of a sweep is next, in which process it works, and who is told of it."""
