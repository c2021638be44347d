"""Training: the order of the data, the compiled epochs, the callbacks and the loop around them."""
