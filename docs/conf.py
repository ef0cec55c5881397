"""Sphinx configuration: ``sphinx-build -W -n docs docs/_build/html``, without a network."""

import sys
from pathlib import Path

import sklime

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "sklime"
author = "the sklime developers"
project_copyright = author
release = version = sklime.__version__

extensions = [
    "mathml",
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "examples"]
# A word in single backticks is a link where it is a public name, else it is slanted.
default_role = "autolink"
html_math_renderer = "mathml"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
suppress_warnings = ["config.cache"]

autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
nitpick_ignore_regex = [
    # Words of docstrings that happen to be importable, but are no part of this project.
    (r"py:.*", r"(?!sklime\.).*"),
]

html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["sklime.css"]
html_title = "sklime"
html_show_sourcelink = False
# Pages without pages below them have nothing to navigate.
html_sidebars = {
    page: []
    for page in (
        "architecture",
        "coming_*",
        "contributing",
        "extending",
        "glossary",
        "index",
        "mathematics",
        "other_*",
        "security",
        "stability",
        "user_*",
    )
}
html_theme_options = {
    "collapse_navigation": True,
    "show_prev_next": False,
    "footer_start": [],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "subsection_order": ["examples/tables", "examples/trust", "examples/kinds"],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("sklime",),
    "ignore_repr_types": r"sklime\.plotting|matplotlib",
    "matplotlib_animations": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "plot_gallery": "True",
    "only_warn_on_example_error": False,
    "abort_on_example_error": False,
}


def setup(app):
    """Leave out of the reference what scikit-learn documents itself; trim code blocks."""
    app.connect("autodoc-skip-member", _is_foreign)
    app.connect("source-read", _trim)
    app.connect("missing-reference", _public)


def _is_foreign(app, what, name, thing, skip, options):
    thing = getattr(thing, "fget", thing)
    own = (getattr(thing, "__module__", None) or "").startswith("sklime")
    return None if own and not name.endswith("_request") else True


def _public(app, env, node, content):
    """Link a class, by the module that defines it, to the page of its public name."""
    module, _, name = node.get("reftarget", "").rpartition(".")
    public = f"{module.rpartition('.')[0]}.{name}"
    own = node.get("refdoc"), app.builder, "class", public, node, content
    return env.get_domain("py").resolve_xref(env, *own)


def _trim(app, name, source):
    # A doctest ends with an empty line, lest the fence be taken for its output.
    source[0] = source[0].replace("\n\n```\n", "\n```\n")
