"""How Sphinx builds these pages; ``make docs`` calls it, and every warning is an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

project = "threetwoone"
author = "the threetwoone authors"
copyright = "the threetwoone authors, MIT licence"  # noqa: A001 - the name that Sphinx reads
release = version = installed("threetwoone")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_parser",
    "reference",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}  # autosummary writes the latter
exclude_patterns = ["build"]
nitpicky = False  # types of numpy and pandas lie outside, and no inventory is fetched

myst_heading_anchors = 3
myst_enable_extensions = ["deflist", "colon_fence"]
suppress_warnings = ["misc.highlighting_failure"]

templates_path = ["templates"]
autosummary_generate = True
autodoc_typehints = "none"  # the docstrings say the types
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "threetwoone"
html_sidebars = {"**": ["pages.html"]}
html_context = {"default_mode": "auto"}
smartquotes = False  # "--trials" is no dash
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_center": [],
    "navbar_persistent": [],
    "navbar_end": ["search-button-field", "theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
