"""The page of a run and the page that compares runs: templates, and what fills them."""
