"""Explanations built by hand, whose every field differs from the others."""

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp

from sklime.explanation import Explanation
from sklime.tables.conditions import TableConditions

FEATURES = ["age", "color", "height"]
LABELS = [
    ["age <= 30", "age > 30", "age = value never seen in training"],
    ["color = blue", "color = red", "color = value never seen in training"],
    ["height <= 1.7", "height > 1.7", "height = value never seen in training"],
]
CODES = np.array([[0, 1, 0], [1, 0, 1], [1, -1, 0], [0, 0, 1]])
VALUES = [[0.1, -0.4, 0.0], [0.2, 0.2, -0.2], [0.0, 0.0, 0.0], [-0.3, 0.5, 0.7]]
FRAME = {
    "age": [25, 41, 60, 19],
    "color": ["red", "blue", "green", "blue"],
    "height": [1.6, 1.8, 1.65, 1.9],
}
PER_OUTPUT = [
    "intercepts",
    "predictions",
    "local_predictions",
    "scores",
    "effective_sample_sizes",
]


def build(values, **fields):
    """An Explanation whose every field differs from the others, and from row to row."""
    values = np.asarray(values, dtype=float)
    n, *outputs, _ = values.shape
    numbers = np.arange(values[..., 0].size, dtype=float).reshape(values.shape[:-1])
    parallel = {name: numbers + 100 * i for i, name in enumerate(PER_OUTPUT)}
    given = {
        **parallel,
        "support": 10 * values + 500,
        "standard_errors": values**2 + 0.01,
        "data": np.arange(n * 3).reshape(n, 3),
        "feature_names": FEATURES,
        "target_names": ["no", "perhaps", "yes"][: outputs[0]] if outputs else ["yes"] * n,
        "conditions": TableConditions(CODES[:n], LABELS),
        "meta": {"method": "sampling", "n_samples": 4096},
    }
    return Explanation(values, **(given | fields))


def build_all(**fields):
    """Three outputs: the one-target values, their doubles, and their negatives."""
    values = np.stack([np.array(VALUES) * scale for scale in (1, 2, -1)], axis=1)
    return build(values, **fields)


def build_ragged(scales=None, **fields):
    """Three sparse rows that store two, none and three of four words."""
    values = np.array([[0.5, -1.0, np.nan], [np.nan] * 3, [0.25, 0.0, -0.75]])
    if scales is not None:
        values = np.stack([values * scale for scale in scales], axis=1)
    ragged = {
        "data": sp.csr_array([[1, 0, 2, 0], [0, 0, 0, 0], [3, 4, 0, 5]]),
        "feature_names": ["bad", "film", "good", "plot"],
        "unit_names": [["bad", "good"], [], ["bad", "film", "plot"]],
        "unit_spans": [[(0, 3), (4, 8)], [], [(9, 12), (0, 4), (5, 8)]],
        "conditions": [["bad x 1", "good x 2"], [], ["bad x 3", "film x 4", "plot x 5"]],
    }
    return build(values, **(ragged | fields))


TEXTS = ["good film, good plot", "", "bad \U0001f600 plot"]


def build_texts(scales=None, data=None, spans="offsets", **fields):
    """Three texts: a repeated token, no token, and one that the vocabulary lacks."""
    values = np.array([[0.5, -1.0, 0.25, 0.125], [np.nan] * 4, [-2.0, 1.0, 0.75, np.nan]])
    if scales is not None:
        values = np.stack([values * scale for scale in scales], axis=1)
    tokens = [["good", "film", "good", "plot"], [], ["bad", "\U0001f600", "plot"]]
    offsets = [
        np.array([[0, 4], [5, 9], [11, 15], [16, 20]]),
        np.empty((0, 2), dtype=int),
        np.array([[0, 3], [4, 5], [6, 10]]),
    ]
    if spans == "bags":
        offsets = [[own[[j]] for j in range(len(own))] for own in offsets]
    texts = {
        "data": np.array(TEXTS, dtype=object) if data is None else data,
        "feature_names": ["bad", "film", "good", "plot"],
        "unit_names": tokens,
        "unit_spans": offsets,
        "conditions": tokens,
        "meta": {"method": "sampling", "kind": "text"},
    }
    return build(values, **(texts | fields))


SEGMENTS = [
    np.array([[0, 0, 1], [2, 2, 1]]),
    np.array([[1, 0], [1, 0], [1, 0]]),
]


def build_images(scales=None, alike=False, **fields):
    """Two colour images, of unequal size unless `alike`, of three and two segments."""
    rng = np.random.default_rng(0)
    maps = [SEGMENTS[0], SEGMENTS[0] % 2] if alike else SEGMENTS
    values = np.array([[0.5, -1.0, 0.25], [-0.75, 2.0, np.nan]])
    if scales is not None:
        values = np.stack([values * scale for scale in scales], axis=1)
    data = [rng.integers(0, 200, size=(*own.shape, 3)).astype(np.uint8) for own in maps]
    names = [[f"segment {j}" for j in range(own.max() + 1)] for own in maps]
    images = {
        "data": np.stack(data) if alike else data,
        "feature_names": [],
        "unit_names": names,
        "unit_spans": maps,
        "conditions": names,
        "meta": {"method": "sampling", "kind": "image"},
    }
    return build(values, **(images | fields))


def build_sequences(**fields):
    """Two series of three steps and two channels, explained step by step."""
    steps = ["t-2", "t-1", "t-0"]
    series = {
        "data": np.arange(12.0).reshape(2, 3, 2),
        "feature_names": [f"{name}_{step}" for step in steps for name in "ab"],
        "unit_names": [steps, steps],
        "unit_spans": [np.repeat([[0], [1], [2]], 2, axis=1)] * 2,
        "conditions": [steps, steps],
        "meta": {"method": "sampling", "kind": "sequence"},
    }
    return build([[0.5, -1.0, 2.0], [0.0, 0.25, -0.5]], **(series | fields))


def every_kind():
    """An explanation of each kind of rows, in each container."""
    mixed = {
        **FRAME,
        "when": np.array(
            ["2024-02-29T12:00:00.000000001", "NaT", "1970", "2100"], "M8[ns]"
        ),
        "size": pd.Categorical(["s", "m", None, "s"], categories=["s", "m", "l"]),
    }
    wide = {
        "feature_names": list(mixed),
        "conditions": TableConditions(np.zeros((4, 5), int), [[f"c{j}"] for j in range(5)]),
    }
    values = np.arange(20.0).reshape(4, 5) / 7
    polars = pl.DataFrame({**mixed, "size": ["s", "m", None, "s"]}).with_columns(
        pl.col("size").cast(pl.Enum(["s", "m"]))
    )
    return {
        "numbers": build(VALUES, data=np.random.default_rng(0).normal(size=(4, 3))),
        "single precision": build(VALUES, data=np.full((4, 3), 0.1, dtype=np.float32)),
        "missing numbers": build(
            VALUES, data=np.resize([np.nan, np.inf, -np.inf, -0.0], (4, 3))
        ),
        "objects": build(
            VALUES, data=np.resize(np.array(["a", None, 1, np.nan], object), (4, 3))
        ),
        "pandas": build(values, data=pd.DataFrame(mixed, index=list("wxyz")), **wide),
        "polars": build(values, data=polars, **wide),
        "sparse": build(VALUES[:2], data=sp.csr_array([[0, 1, 0], [2, 0, 0]])),
        "all outputs": build_all(),
        "no errors": build(VALUES, standard_errors=None),
        "ragged": build_ragged(),
        "ragged, all outputs": build_ragged(scales=(1, -2)),
        "texts": build_texts(),
        "texts in a list": build_texts(data=TEXTS, spans="bags"),
        "texts in a series": build_texts(data=pd.Series(TEXTS, index=[3, 1, 2], name="t")),
        "texts of polars, all outputs": build_texts((1, -1), data=pl.Series("t", TEXTS)),
        "images": build_images(),
        "images alike, all outputs": build_images((1, -1), alike=True),
        "sequences": build_sequences(),
        "one feature": build(VALUES)["age"],
        "nothing matters": build(np.zeros((4, 3))),
        "no rows": build(VALUES)[[]],
        "no rows, all outputs": build_all()[[]],
        "no texts": build_texts()[[]],
        "no images": build_images()[[]],
    }
