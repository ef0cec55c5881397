"""What the pages need in order to run as tests."""

import warnings

try:
    with warnings.catch_warnings():
        # Its own, of matplotlib.
        warnings.simplefilter("ignore")
        import shap  # noqa: F401
except ImportError:
    collect_ignore = ["coming_from_shap.md"]
