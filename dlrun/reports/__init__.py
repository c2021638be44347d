"""Reports: what is written down about a trained model."""
