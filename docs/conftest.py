"""What the pages need in order to run as tests."""

import sys
import warnings
from importlib.util import find_spec
from types import ModuleType

import pytest

try:
    with warnings.catch_warnings():
        # Its own, of matplotlib.
        warnings.simplefilter("ignore")
        import shap  # noqa: F401
except ImportError:
    collect_ignore = ["coming_from_shap.md"]
else:
    collect_ignore = []

if not all(map(find_spec, ["skore", "skrub"])):
    collect_ignore.append("companions.md")


@pytest.fixture(autouse=True)
def page_as_module(request, monkeypatch):
    """Give the classes that a page defines a module, so that they can be pickled."""
    names = request.node.dtest.globs
    module = ModuleType("page")

    def find(name):
        if name not in names:
            raise AttributeError(name)
        return names[name]

    module.__getattr__ = find
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names["__name__"] = module.__name__
