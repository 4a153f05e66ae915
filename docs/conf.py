"""Sphinx's configuration of the documentation; `make docs` builds it."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "_ext")]
# The commands that a tutorial runs are those of this checkout too.
os.environ["PYTHONPATH"] = str(ROOT)

import denograd  # noqa: E402

project = "DenoGrad, reproduced"
author = "the denograd-repro authors"
release = version = denograd.__version__
copyright = f"{author}; BSD-3-Clause"

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "matplotlib.sphinxext.plot_directive",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "generated",
    "local_links",
]
exclude_patterns = ["_build", "_templates", "tutorials"]
templates_path = ["_templates"]
default_role = "code"
html_theme = "pydata_sphinx_theme"
html_title = project
html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "DenoGrad"},  # the whole title does not fit beside the search on a telephone
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
}

autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autosummary_context = {"doors": denograd.__all__}
numpydoc_show_class_members = False

plot_html_show_formats = plot_html_show_source_link = False
plot_formats = [("png", 120)]

sphinx_gallery_conf = {
    "examples_dirs": "tutorials",
    "gallery_dirs": "auto_tutorials",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "generated.tutorial_order",
    "abort_on_example_error": True,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "default_thumb_file": str(ROOT / "results" / "readme" / "before_after.png"),
    "reset_modules": ("matplotlib",),
}
