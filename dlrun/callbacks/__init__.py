"""Callbacks of dlrun's own, beside Keras's; one file is one word of `training.callbacks`."""
