"""Answers over HTTP what a run says of rows: TensorFlow Serving's form, Open Inference, a page."""
