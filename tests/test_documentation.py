"""The documentation: pages run as doctests; here, that nothing escapes, and the gallery."""

import importlib.util
import inspect
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
EXAMPLES = sorted(DOCS.glob("examples/*/plot_*.py"))
BLOCK = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIRECTIVES = {"{eval-rst}", "{glossary}", "{image}", "{include}", "{toctree}"}
REMOTE = re.compile(
    r"""<(?:script|img|iframe|source)\b[^>]*\ssrc=["'](?:https?:)?//
    |<link\b[^>]*\srel=["'](?:stylesheet|preload|preconnect)["'][^>]*href=["'](?:https?:)?//
    |@import\s+(?:url\()?["']?(?:https?:)?//
    |url\(["']?(?:https?:)?//""",
    re.VERBOSE,
)


def public_names():
    """The names that the API page lists, with their modules."""
    module = None
    for line in (DOCS / "api.md").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"\.\. module:: (\S+)", line):
            module = found[1]
        elif found := re.fullmatch(r"   (\w[\w.]*)", line):
            yield f"{module}.{found[1]}"


NAMES = list(public_names())


def thing(name):
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_python_block_of_a_page_is_a_doctest_that_runs(page):
    for language, code in BLOCK.findall(page.read_text(encoding="utf-8")):
        assert language in {"python", "bash"} | DIRECTIVES
        assert language != "python" or code.startswith(">>> ")
        assert "+SKIP" not in code


@pytest.mark.parametrize(
    "module",
    [
        "sklime",
        "sklime.exceptions",
        "sklime.kernels",
        "sklime.plotting",
        "sklime.samplers",
        "sklime.selectors",
        "sklime.testing",
    ],
)
def test_the_reference_lists_every_public_name(module):
    names = importlib.import_module(module).__all__
    assert {f"{module}.{name}" for name in names if not name.startswith("__")} <= set(NAMES)


@pytest.mark.parametrize("module", ["sklime.kernels", "sklime.selectors"])
def test_the_reference_lists_every_component(module):
    from sklearn.base import BaseEstimator

    made = {
        f"{module}.{name}"
        for name, kind in vars(importlib.import_module(module)).items()
        if inspect.isclass(kind) and issubclass(kind, BaseEstimator)
        if kind.__module__ == module and not inspect.isabstract(kind)
        # What `kernel=` wraps callables and covariances in; nobody needs to name them.
        if name not in {"FunctionKernel", "CovarianceKernel"}
    }
    assert made and made <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_everything_in_the_reference_shows_an_example(name):
    # Bases and warnings show theirs on the page itself.
    page = "".join(code for _, code in BLOCK.findall((DOCS / "api.md").read_text("utf-8")))
    last = name.rpartition(".")[2]
    used = re.search(rf"^(>>>|\.\.\.).*\b{last}\b", page, re.MULTILINE)
    assert used or ">>>" in inspect.getdoc(thing(name))


def test_the_picture_of_the_packages_has_all_of_them_and_imports_lead_down():
    pytest.importorskip("matplotlib")
    picture = runpy.run_path(str(DOCS / "draw_architecture.py"))
    packages = {path.stem for path in (ROOT / "sklime").iterdir() if path.stem[0] != "_"}
    assert packages - {"py"} == {*picture["PLACES"], *picture["BASE"]}
    for one, other in picture["imports"]():
        assert picture["PLACES"][one][1] > picture["PLACES"][other][1], (one, other)


def test_the_page_for_users_of_lime_answers_for_every_option_of_it():
    from lime.explanation import Explanation
    from lime.lime_image import ImageExplanation, LimeImageExplainer
    from lime.lime_tabular import LimeTabularExplainer, RecurrentTabularExplainer
    from lime.lime_text import LimeTextExplainer
    from lime.submodular_pick import SubmodularPick

    explainers = [
        LimeTabularExplainer,
        RecurrentTabularExplainer,
        LimeTextExplainer,
        LimeImageExplainer,
    ]
    callables = [*explainers, SubmodularPick, ImageExplanation.get_image_and_mask]
    callables += [explainer.explain_instance for explainer in explainers]
    options = {
        name
        for each in callables
        for name, parameter in inspect.signature(each).parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }
    methods = {name for name in vars(Explanation) if not name.startswith("_")}
    page = (DOCS / "coming_from_lime.md").read_text(encoding="utf-8")
    tables = page.partition("## Every option")[2]
    told = {
        word
        for code in re.findall(r"`([^`]+)`", tables)
        for word in re.findall(r"\w+", code)
    }
    assert (options | methods) - {"label", "kwargs"} <= told


# The build of the documentation runs them all, with warnings as errors.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The set_bad function:PendingDeprecationWarning")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
def test_an_example_of_the_gallery_runs_and_draws_within_its_figures(example):
    for module in re.findall(r"^(?:from|import) (\w+)", example.read_text(), re.MULTILINE):
        pytest.importorskip(module)
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    pyplot.close("all")
    try:
        runpy.run_path(str(example), run_name="__main__")
        figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
        assert figures
        for figure in figures:
            figure.canvas.draw()
            inked = (np.asarray(figure.canvas.buffer_rgba()) != 255).any(axis=2)
            assert inked.mean() > 0.01
            # What reaches the edge of a figure may be cut there.
            edges = inked[[0, -1]].sum() + inked[:, [0, -1]].sum()
            assert edges == 0
    finally:
        pyplot.close("all")


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path):
    for name in "sphinx myst_parser numpydoc pydata_sphinx_theme sphinx_gallery".split():
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    site = tmp_path / "html"
    options = ["-W", "-n", "-q", "-D", "plot_gallery=0", "-d", str(tmp_path / "doctrees")]
    build = [sys.executable, "-m", "sphinx", *options, str(DOCS), str(site)]
    told = subprocess.run(build, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    pages = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(pages) > len(PAGES) + len(EXAMPLES) + len(NAMES)
    for page in pages:
        assert not REMOTE.search(page.read_text(encoding="utf-8")), page
    assert "<math " in (site / "mathematics.html").read_text(encoding="utf-8")
