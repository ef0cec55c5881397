"""Documents as sklime writes them, and changes of them as strategies of hypothesis."""

import copy
import datetime
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import scipy.sparse as sp
from hypothesis import strategies as st

from sklime import AnchorExplainer, Explanation

DATA = Path(__file__).parent.parent / "data"
CELLS = {
    "pandas": pd.DataFrame(
        {
            "zoned": pd.date_range("2020", periods=2, tz="Europe/Berlin"),
            "level": pd.Categorical(["x", "y"]),
            "nullable": pd.array([1, None], dtype="Int64"),
            "string": pd.array(["q", None], dtype="string"),
            "period": pd.period_range("2020", periods=2, freq="D"),
            "arrow": pd.array([1, 2], dtype="int64[pyarrow]"),
            "arrow date": pd.array(
                [pd.Timestamp(2020, 1, 1)] * 2, dtype="timestamp[us, UTC][pyarrow]"
            ),
            "sparse": pd.arrays.SparseArray([0.0, 1.0]),
            "exact": [Decimal(1), Fraction(1, 3)],
            "times": [datetime.time(1), datetime.date(2020, 1, 1)],
            "objects": [pd.Timestamp(2020, 1, 1, tz="UTC"), pd.Interval(1, 2)],
            "durations": [datetime.timedelta(1), pd.Timedelta(1)],
        }
    ),
    "several levels": pd.DataFrame(
        {"a": [1, 2]}, index=pd.MultiIndex.from_tuples([(1, "a"), (2, "b")])
    ),
    "polars": pl.DataFrame(
        {
            "number": [1, 2],
            "date": [datetime.datetime(2020, 1, 1)] * 2,
            "level": pl.Series(["a", "b"], dtype=pl.Categorical),
            "enum": pl.Series(["a", "b"], dtype=pl.Enum(["a", "b"])),
            "decimal": [Decimal(1)] * 2,
        }
    ),
    "CSR": sp.csr_array(np.eye(2)),
    "dates": np.array([["2020"], ["2021"]], dtype="M8[D]"),
    "durations": np.array([[1], [2]], dtype="m8[h]"),
    "objects": np.array([["a", 1], ["b", None]], dtype=object),
}


def explanation_of(data):
    n, d = data.shape
    names = [f"x{j}" for j in range(d)]
    return Explanation(
        np.ones((n, d)),
        intercepts=np.ones(n),
        predictions=np.ones(n),
        local_predictions=np.ones(n),
        scores=np.ones(n),
        effective_sample_sizes=np.ones(n),
        support=np.ones((n, d)),
        data=data,
        feature_names=names,
        target_names=["y"] * n,
        conditions=[np.array(names, dtype=object)] * n,
        meta={"width": (1, 2.5, None)},
    ).to_dict()


class Rule:
    """Black box whose anchors hold numbers and categories."""

    classes_ = np.array(["no", "yes"])

    def predict_proba(self, X):
        p = 0.05 + 0.9 * ((X["a"] > 0.0) & (X["b"] == "x")).to_numpy(float)
        return np.column_stack([1.0 - p, p])


def anchors():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=60), "b": rng.choice(["x", "y"], 60)})
    explainer = AnchorExplainer(Rule(), precision=0.5, random_state=0).fit(X)
    return json.loads(json.dumps(explainer.explain(X[:3]).to_dict()))


def explanations():
    """Documents by name."""
    stored = {
        path.stem: json.loads(path.read_text("utf-8"))
        for path in sorted(DATA.glob("explanation_version_*.json"))
    }
    return stored | {name: explanation_of(data) for name, data in CELLS.items()}


# What may stand anywhere.
ODD = [
    None,
    True,
    0,
    -1,
    10**9,
    10**30,
    1.5,
    1e308,
    "",
    "x",
    "NaN",
    "Infinity",
    "$array",
    "U99999999",
    "V8",
    "c16",
    "(1000000,)f8",
    "i8,i8",
    "m8[7000000000000Y]",
    "category",
    "dateutil//etc/hostname",
    "../../etc/hostname",
    "int64[pyarrow]",
    "period[D]",
    "Sparse[float]",
    [],
    [[1, 2], [3]],
    {},
    {"$array": 5},
    {"$array": {"dtype": "f8", "shape": [10**12], "values": [1]}},
    {"$array": {"dtype": "O", "shape": [1], "values": [[1]]}},
    {"$csr": {"class": "csr_array", "shape": [10**9, 10**9], "data": 1}},
    {"$tuple": 5},
    {"$float": "x"},
    {"$NA": None},
    {"$Decimal": "1e999999999"},
    {"$Decimal": "1e-50"},
    {"$Decimal": "NaN"},
    {"$Fraction": "1/0"},
    {"$Fraction": "1e999999999"},
    {"$Timestamp": [1, 2, 3]},
    {"$Period": [10**20, "D"]},
    {"$Interval": [1, "a", "x"]},
    {"$Timedelta": [10**30, "ns"]},
    {"$timedelta": [10**12, 0, 0]},
    {"$datetime64[": 1},
    {"$timedelta64[zz]": 1},
    {"$datetime64[D],(100000000,)f8": 1},
    "\ud800",
    "a" * 1000,
]
KEYS = ["x", "$x", "$array", "data", "dtype", "$tuple", "values", "format", "version"]


def places(document):
    """Paths of all values in a document, but that of the whole."""
    found, waiting = [], [((), document)]
    while waiting:
        path, value = waiting.pop()
        items = []
        if isinstance(value, dict):
            items = value.items()
        elif isinstance(value, list):
            items = enumerate(value)
        for key, own in items:
            found.append((*path, key))
            waiting.append((found[-1], own))
    return found


@st.composite
def mutations(draw, document):
    """A document with up to three changes."""
    known, document = places(document), copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        *path, key = draw(st.sampled_from(known))
        parent = document
        try:
            for step in path:
                parent = parent[step]
            _change(draw, document, known, parent, key)
        except (LookupError, TypeError, AttributeError):
            # An earlier change took the place away.
            continue
    return document


def _change(draw, document, known, parent, key):
    kind = draw(st.sampled_from(["odd", "delete", "copy", "double", "rename", "nudge"]))
    if kind == "odd":
        parent[key] = copy.deepcopy(draw(st.sampled_from(ODD)))
    elif kind == "delete":
        del parent[key]
    elif kind == "copy":
        other = document
        for step in draw(st.sampled_from(known)):
            other = other[step]
        parent[key] = copy.deepcopy(other)
    elif kind == "double" and isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))
    elif kind == "rename" and isinstance(parent, dict):
        parent[draw(st.sampled_from(KEYS))] = parent.pop(key)
    elif isinstance(parent[key], str):
        at = draw(st.integers(0, len(parent[key])))
        parent[key] = (
            parent[key][:at] + draw(st.sampled_from("[]()$,</9")) + parent[key][at:]
        )
    elif isinstance(parent[key], list):
        parent[key] = draw(
            st.sampled_from([parent[key] * 2, parent[key][:-1], [parent[key]]])
        )
    elif isinstance(parent[key], (int, float)):
        parent[key] = draw(
            st.sampled_from([-parent[key], parent[key] + 1, str(parent[key])])
        )
