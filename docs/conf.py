"""Sphinx builds the pages from this: `python -m sphinx -W docs docs/_build`."""

from importlib.metadata import version as installed_version

project = "Groat"
author = "the Groat authors"
copyright = "the Groat authors, Apache-2.0"  # noqa: A001  Sphinx reads this name
release = installed_version("groat")

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist", "smartquotes"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = "Groat"
html_static_path = ["_static"]
html_copy_source = False
html_show_sphinx = False
# Nothing is loaded from elsewhere: the pages can be read on a machine without internet.
html_theme_options = {"footer_icons": [], "top_of_page_buttons": []}
