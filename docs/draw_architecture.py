"""Draw the pictures of architecture.md: ``python docs/draw_architecture.py``.

The arrows between packages are read from the code: what a module imports at its head, less
what other arrows imply. Colours are readable on light and on dark pages.
"""

import ast
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.patches import FancyBboxPatch

DOCS = Path(__file__).parent
CODE = DOCS.parent / "sklime"

FILL, PALE, EDGE, LINE = "#cfe0f1", "#e8e8e8", "#4a78a8", "#7d7d7d"

# Where each package stands, and its idea.
PLACES = {
    "cli": (2.3, 10.0, "the program"),
    "testing": (4.6, 10.0, "checks of components"),
    "anchors": (0.25, 8.9, "rules that suffice"),
    "persistence": (1.45, 8.9, "files of explainers"),
    "metrics": (3.05, 8.9, "how right, how stable"),
    "distributed": (4.4, 8.9, "engines"),
    "explainer": (1.9, 7.8, "fit, transform, explain, score"),
    "surrogates": (0.7, 6.6, "coefficients, errors"),
    "exact": (1.9, 6.6, "closed forms"),
    "page": (5.3, 4.2, "HTML"),
    "plotting": (4.26, 6.6, "displays"),
    "pick": (5.02, 6.6, "typical rows"),
    "cohorts": (5.84, 6.6, "groups of rows"),
    "selectors": (0.2, 5.3, "which features"),
    "neighbourhoods": (1.4, 5.3, "whose draws"),
    "explanation": (3.6, 5.3, "what people look at"),
    "model": (2.3, 4.2, "responses"),
    "samplers": (2.3, 3.1, "rows described and drawn"),
    "moments": (0.7, 2.0, "A'WA"),
    "laws": (2.3, 2.0, "distributions"),
    "kernels": (1.7, 0.9, "weights"),
    "tables": (3.3, 0.9, "any table as numbers"),
}
# Below all others, and used by all.
BASE = (
    "base",
    "exceptions",
    "fitting",
    "local_widths",
    "serialization",
    "validation",
    "version",
)
# `testing` uses components of every kind, and all take seeds from `laws`.
UNDRAWN = {
    ("testing", "samplers"),
    ("testing", "selectors"),
    ("pick", "laws"),
    ("cohorts", "laws"),
}


def main():
    """Write both pictures."""
    mpl.rcParams.update(
        {
            "svg.fonttype": "path",
            "svg.hashsalt": "sklime",
            "font.family": "DejaVu Sans",
            "savefig.transparent": True,
        }
    )
    for name, draw in {"packages": draw_packages, "explain": draw_explain}.items():
        figure = draw()
        figure.savefig(DOCS / f"_static/{name}.svg", metadata={"Date": None})
        plt.close(figure)


def imports():
    """Pairs of packages, of which the first imports the second at the head of a module."""
    found = set()
    for path in CODE.rglob("*.py"):
        own = path.relative_to(CODE).parts[0].removesuffix(".py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module.startswith("sklime."):
                found.add((own, node.module.split(".")[1]))
    return {(a, b) for a, b in found if a != b and a in PLACES and b not in BASE}


def reduced(pairs):
    """Pairs that no chain of others implies."""

    def reached(start, without):
        ends = {b for a, b in pairs if a == start and (a, b) != without}
        return ends.union(*(reached(b, without) for b in ends))

    return {(a, b) for a, b in pairs if b not in reached(a, (a, b))}


def draw_packages():
    """Layers of packages; arrows lead from a package to those that it imports."""
    figure, axes = _canvas((9.6, 8.2), (-0.3, 6.3), (-0.75, 10.4))
    for a, b in sorted(reduced(imports()) - UNDRAWN):
        (x, y, _), (u, v, _) = PLACES[a], PLACES[b]
        assert v < y, f"{a} imports {b}, which stands above it"
        _arrow(axes, (x, y - 0.27), (u, v + 0.29))
    for name, (x, y, idea) in PLACES.items():
        width = max(0.066 * len(name), 0.046 * len(idea)) + 0.2
        _box(axes, x, y, width, 0.54, FILL)
        axes.text(x, y + 0.1, name, ha="center", va="center", size=9.5, weight="bold")
        axes.text(x, y - 0.12, idea, ha="center", va="center", size=7.5)
    _box(axes, 3.0, -0.3, 6.4, 0.5, PALE)
    used = "   ".join(BASE) + "     (used by all)"
    axes.text(3.0, -0.3, used, ha="center", va="center", size=9)
    return figure


# Who takes part in an explanation, and what one asks of another, in order.
PARTS = (
    "you",
    "LimeExplainer",
    "sampler",
    "Routes",
    "MomentSource",
    "model",
    "selector, ridge",
)
CALLS = (
    (None, None, "fit"),
    (0, 1, "fit(X, y)"),
    (1, 2, "fit(X, y): kind_, law_"),
    (1, 3, "Routes(Setting, X)"),
    (3, 4, "closed_form(...), else choose_sources(...)"),
    (4, 5, "a pool's draws, once"),
    (None, None, "explain"),
    (0, 1, "explain(X)"),
    (1, 2, "kind_.check(X), rows(X)"),
    (1, 5, "the rows themselves"),
    (1, 3, "fit(block, outputs), block by block"),
    (3, 4, "evaluate(block)"),
    (4, 5, "draws of the rows' own, if any"),
    (3, 4, "moments(evaluated, outputs)"),
    (3, 6, "select(moments), moments.ridge(penalty, support)"),
    (3, 4, "with_standard_errors(surrogates), more draws for tol"),
    (1, 3, "with_scores(surrogates)"),
    (1, 0, "assemble_explanation: Explanation"),
)


def draw_explain():
    """The calls of `fit` and `explain`, from top to bottom."""
    height = len(CALLS)
    figure, axes = _canvas((9.6, 7.6), (-0.55, 6.6), (-height - 0.6, 0.9))
    for x, name in enumerate(PARTS):
        axes.plot(
            [x, x], [0.1, -height - 0.4], color=LINE, lw=0.8, ls=(0, (4, 3)), zorder=0
        )
        _box(axes, x, 0.4, 0.92, 0.75, FILL)
        size = 8.5 if len(name) < 14 else 7.5
        axes.text(x, 0.4, name, ha="center", va="center", size=size, weight="bold")
    for i, (start, stop, text) in enumerate(CALLS):
        y = -i - 0.85
        if stop is None:
            _box(axes, 3.0, y + 0.12, 7.0, 0.5, PALE)
            axes.text(-0.42, y + 0.12, text, va="center", size=9, weight="bold")
            continue
        _arrow(axes, (start, y), (stop, y), solid=True)
        middle = (start + stop) / 2
        box = {"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none"}
        axes.text(middle, y + 0.33, text, ha="center", va="center", size=7.8, bbox=box)
    return figure


def _canvas(size, x, y):
    figure, axes = plt.subplots(figsize=size)
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
    axes.set(xlim=x, ylim=y)
    axes.axis("off")
    return figure, axes


def _box(axes, x, y, width, height, fill):
    corner = x - width / 2, y - height / 2
    style = "round,pad=0,rounding_size=0.06"
    edge = EDGE if fill == FILL else LINE
    box = FancyBboxPatch(corner, width, height, boxstyle=style, fc=fill, ec=edge, lw=1)
    axes.add_patch(box)


def _arrow(axes, start, end, *, solid=False):
    style = {"arrowstyle": "-|>", "color": LINE, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=style, zorder=1 if solid else 0)


if __name__ == "__main__":
    main()
