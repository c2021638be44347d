"""How the pages become a site: Sphinx reads them as Markdown, and Furo dresses them."""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

from dlrun import __version__  # noqa: E402

project = "dlrun"
author = "the authors of dlrun"
release = version = __version__
extensions = ["myst_parser", "made"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True
highlight_language = "text"
html_theme = "furo"
html_title = "dlrun"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
