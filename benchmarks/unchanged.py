"""Attributions of every case of the benchmarks and the gallery, stored and compared.

    python -m benchmarks.unchanged store FILE.npz
    python -m benchmarks.unchanged compare FILE.npz

A change that only moves or renames code leaves each array equal to the bit; run both on one
machine, as another BLAS may round differently.
"""

import runpy
import sys
import tempfile
import warnings
from contextlib import chdir, contextmanager
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline

from benchmarks import agreement, images, texts
from benchmarks.models import logistic_regression, random_forest
from benchmarks.problems import problems
from sklime import LimeExplainer
from sklime.samplers import GaussianSampler
from sklime.selectors import ForwardSelection, LassoPath

GALLERY = Path(__file__).parents[1] / "docs" / "examples"
FIELDS = ("values", "intercepts", "scores", "effective_sample_sizes", "standard_errors")
N_ROWS = 20

# What the benchmarks set, on every pair of data and model.
SETTINGS = {
    "default": {},
    "sampling": {"method": "sampling"},
    "1,024 draws": {"method": "sampling", "n_samples": 1024},
    "random": {"method": "sampling", "sampler__sequence": "random"},
    "narrow": {"method": "sampling", "kernel__width": 0.5},
    "tilted": {"method": "sampling", "weighting": "tilted", "kernel__width": 1.0},
    "all outputs": {"method": "sampling", "target": "all"},
    "forward selection": {"method": "sampling", "selector": ForwardSelection(k=5)},
    "lasso path": {"method": "sampling", "selector": LassoPath(k=5)},
    "normal": {"sampler": GaussianSampler()},
    "around the row": {
        "sampler": GaussianSampler(center="instance"),
        "method": "sampling",
        "n_samples": 512,
    },
    "tol": {"method": "sampling", "tol": 0.1, "max_samples": 2**14},
}


def measure():
    """Names and arrays of all cases."""
    for p in problems():
        for setting, params in SETTINGS.items():
            explainer = LimeExplainer(p.model, random_state=0).set_params(**params)
            explainer.fit(p.X_train)
            yield from explained(f"{p.data}, {p.kind}, {setting}", explainer, p.X[:N_ROWS])
    for family, model, X, params in agreement.families():
        explainer = LimeExplainer(model, random_state=0).set_params(**params).fit(X)
        yield from explained(family, explainer, X[:N_ROWS])
    for name, own in (("forest", random_forest()), ("columns", logistic_regression(100))):
        model, X_train, X = own
        explainer = LimeExplainer(model, n_samples=5000, random_state=0).fit(X_train)
        yield from explained(f"throughput, {name}", explainer, X[:N_ROWS])
    yield from masked()
    for example in sorted(GALLERY.rglob("plot_*.py")):
        yield from recorded(example)


def masked():
    # What the documentation says depends on which of its modules are loaded.
    made_up, labels = texts.made_up()
    for kind, (vectorizer, model) in texts.CLASSIFIERS.items():
        model = make_pipeline(vectorizer(), model).fit(made_up, labels)
        for setting in ({}, {"method": "auto"}, {"selector": ForwardSelection(k=6)}):
            explainer = texts.sklime(model, made_up, n_samples=1000, **setting)
            yield from explained(f"texts, {kind}, {setting}", explainer, made_up[:3])
    image = images.IMAGE
    explainer = images.sklime(images.Colours(), image, n_samples=200)
    yield from explained("image", explainer, image[np.newaxis])


def explained(name, explainer, rows):
    """Arrays of one explainer's explanations."""
    found = explainer.explain(rows, uncertainty=True)
    for field in FIELDS:
        if getattr(found, field) is not None:
            yield f"{name}: {field}", np.asarray(getattr(found, field), dtype=float)
    yield f"{name}: transform", dense(explainer.transform(rows))


def recorded(example):
    """Arrays of all that an example of the gallery transforms and explains."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    found = []
    with listening(found), tempfile.TemporaryDirectory() as folder, chdir(folder):
        runpy.run_path(str(example))
        plt.close("all")
    for i, values in enumerate(found):
        yield f"{example.stem}, {i}", values


@contextmanager
def listening(found):
    """Keep what every explainer gives meanwhile."""
    transform, explain = LimeExplainer.transform, LimeExplainer.explain

    def kept_transform(self, X):
        given = transform(self, X)
        found.append(dense(given))
        return given

    def kept_explain(self, X, **params):
        given = explain(self, X, **params)
        found.append(np.asarray(given.values, dtype=float))
        return given

    LimeExplainer.transform, LimeExplainer.explain = kept_transform, kept_explain
    try:
        yield
    finally:
        LimeExplainer.transform, LimeExplainer.explain = transform, explain


def dense(given):
    return np.asarray(given.todense() if hasattr(given, "todense") else given, dtype=float)


def compare(stored, current):
    """Lines about every array that is not equal to the bit."""
    for name in sorted(stored.keys() | current.keys()):
        if name not in stored or name not in current:
            yield f"{name}: only {'now' if name in current else 'before'}"
        elif not np.array_equal(stored[name], current[name], equal_nan=True):
            old, new = stored[name], current[name]
            if old.shape != new.shape:
                yield f"{name}: shape {old.shape} is now {new.shape}"
                continue
            largest = np.nanmax(np.abs(old), initial=0.0)
            yield f"{name}: differs by {np.nanmax(np.abs(old - new)):.3g} of {largest:.3g}"


if __name__ == "__main__":
    action, path = sys.argv[1:]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        current = dict(measure())
    if action == "store":
        np.savez_compressed(path, **current)
        print(f"{len(current)} arrays stored")
    else:
        with np.load(path) as file:
            stored = dict(file)
        lines = list(compare(stored, current))
        print(*lines, f"{len(stored)} arrays, {len(lines)} not equal to the bit", sep="\n")
