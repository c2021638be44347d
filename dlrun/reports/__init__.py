"""Reports: what is written down about a trained model."""

import logging

# Where its folder for fonts cannot be written, matplotlib says so in words of its own.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
