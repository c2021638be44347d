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
smartquotes = False  # quotes in texts are those that are typed
html_copy_source = False
html_show_sphinx = html_show_copyright = False
html_show_search_summary = False  # a browser reads no other file from the disk to sum it up
html_theme_options = {"navigation_with_keys": True}
