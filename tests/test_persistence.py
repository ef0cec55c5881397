"""Explainers in files: read back equal to the bit, without pickle, whole or not at all."""

import datetime
import json
import os
import pickle
import subprocess
import sys
import warnings
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import skops.io
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.tree._tree import Tree
from xgboost import XGBClassifier

from sklime import AnchorExplainer, FunctionRegressor, LimeExplainer
from sklime.exceptions import InconsistentVersionWarning, UntrustedTypesError
from sklime.kernels import ShapleyKernel
from sklime.persistence import TRUSTED, dump, load
from sklime.persistence.checks import check_trees
from sklime.samplers import (
    CoalitionSampler,
    CrossoverSampler,
    GaussianSampler,
    MarginalSampler,
    MixedSampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
    TrainingSampler,
)
from tests import persisted_models as models

DATA = Path(__file__).parent / "data"
TREE = "sklearn.tree._tree.Tree"
CANCER, SICK = load_breast_cancer(return_X_y=True, as_frame=True)
CANCER = CANCER.iloc[:, :4]
CONTAINERS = {
    "numpy": CANCER.to_numpy(),
    "pandas": CANCER,
    "polars": pl.from_pandas(CANCER),
}
SAMPLERS = {
    "marginal": MarginalSampler(),
    "standardised": MarginalSampler(n_bins=None),
    "groups": MarginalSampler(groups="auto"),
    "normal": GaussianSampler(),
    "normal around rows": GaussianSampler(center="instance"),
    "training": TrainingSampler(),
    "crossover": CrossoverSampler(),
    "coalitions": CoalitionSampler(),
    "coalitions with medians": CoalitionSampler(background="median"),
}


# Small tables, of which one bin or another has hardly any draw.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore::sklime.exceptions.{name}Warning")
    for name in ("Anchor", "Neighbourhood", "UnknownValue", "Hiding")
]

FUNCTIONS = [f"{models.MODULE}.{name}" for name in dir(models) if name.startswith("of_")]


def same_bits(one, other):
    if sp.issparse(one):
        names = "data", "indices", "indptr"
        pairs = [(getattr(one, name), getattr(other, name)) for name in names]
        return type(one) is type(other) and all(same_bits(*pair) for pair in pairs)
    one, other = np.asarray(one), np.asarray(other)
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def read_back(explainer, folder, trusted=()):
    dump(explainer, folder / "explainer.skops")
    return load(folder / "explainer.skops", trusted=trusted)


def explains_alike(one, other, rows):
    first, second = (own.explain(rows, uncertainty=True) for own in (one, other))
    return first == second and one.score(rows[:1]) == other.score(rows[:1])


@pytest.mark.parametrize("method", ["auto", "sampling"])
@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_sampler_on_every_table_is_read_with_trusted_alone(
    container, sampler, method, tmp_path
):
    X = CONTAINERS[container]
    forest = RandomForestClassifier(4, max_depth=4, random_state=0).fit(X, SICK)
    own = {"sampler": SAMPLERS[sampler], "method": method, "random_state": 0}
    explainer = LimeExplainer(forest, n_samples=256, **own).fit(X)
    known = read_back(explainer, tmp_path, TRUSTED)
    assert same_bits(known.transform(X[:5]), explainer.transform(X[:5]))
    assert explains_alike(known, explainer, X[:5])
    assert known.sampler == explainer.sampler
    near = [own.explain(X[:3], neighbours=9).neighbour_scores for own in (known, explainer)]
    assert same_bits(*near)


def mixed_table(n=60):
    """A column of every kind that frames of pandas hold."""
    rng = np.random.default_rng(0)
    hours, few = pd.date_range("2020", periods=n, freq="h"), rng.integers(0, 5, n)
    utc = datetime.UTC
    start, zoned = datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=utc)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "level": pd.Categorical(rng.choice(["a", "b"], n), categories=["b", "a", "z"]),
            "ordered": pd.Categorical(rng.choice(["a", "b"], n), ordered=True),
            "small": few.astype("int8"),
            "bool": few > 2,
            "string": pd.array(rng.choice(["x", "yy"], n), dtype="string"),
            "object": rng.choice(np.array(["x", None], dtype=object), n),
            "nullable": pd.array(few, dtype="Int64"),
            "nullable bool": pd.array(few > 2, dtype="boolean"),
            "date": hours,
            "zoned": hours.tz_localize("Europe/Berlin"),
            "duration": pd.to_timedelta(few, unit="h"),
            "period": pd.period_range("2020", periods=n, freq="D"),
            "day": [start + datetime.timedelta(int(i)) for i in few],
            "moment": [zoned + datetime.timedelta(hours=int(i)) for i in few],
            "timestamp": pd.Series(hours).astype(object),
            "time": [datetime.time(int(i)) for i in few],
            "decimal": [Decimal(int(i)) / 4 for i in few],
            "fraction": [Fraction(int(i), 3) for i in few],
            "sparse": pd.arrays.SparseArray((few > 3).astype(float)),
            "arrow int": pd.array(few, dtype="int64[pyarrow]"),
            "arrow string": pd.array(rng.choice(["u", "v"], n), dtype="string[pyarrow]"),
            "arrow date": pd.Series(hours).astype("timestamp[us, UTC][pyarrow]"),
        }
    )
    X.loc[4, ["nullable", "level", "zoned", "day"]] = None
    return X.set_index(pd.Index([f"row {i}" for i in range(n)], name="row"))


def polars_table():
    X = mixed_table()
    kept = ["number", "small", "bool", "date", "zoned", "duration", "day", "time"]
    X = pl.from_pandas(X[[*kept, "level", "decimal"]].reset_index(drop=True))
    X = X.with_columns(
        enum=X["level"].cast(pl.Enum(["b", "a"])), day=X["day"].cast(pl.Date)
    )
    return X.with_columns(lacking=pl.Series([None, 1.5] * (len(X) // 2)))


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_columns_of_every_kind_are_read_back(kind, sampler, tmp_path):
    X = mixed_table() if kind == "pandas" else polars_table()
    model = models.of_mixed if kind == "pandas" else models.of_polars
    own = {"sampler": SAMPLERS[sampler], "n_samples": 64, "random_state": 0}
    explainer = LimeExplainer(FunctionRegressor(model), **own).fit(X)
    known = read_back(explainer, tmp_path, FUNCTIONS)
    assert same_bits(known.transform(X[:3]), explainer.transform(X[:3]))
    assert known.explain(X[:3]) == explainer.explain(X[:3])
    [one], [other] = (
        e.sampler_.sample(X[:1], 8, random_state=0) for e in (known, explainer)
    )
    assert type(one.inputs) is type(other.inputs)
    assert one.inputs.equals(other.inputs)
    if kind == "pandas":
        assert list(one.inputs.dtypes) == list(other.inputs.dtypes)


TEXTS = ["good film", "a bad bad film", "good plot and acting", "dull dull plot"] * 5
RATED = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [1, 0, 1, 0] * 5)
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (3, 24, 24, 3)).astype("f4")
STEPS = RNG.normal(size=(30, 12, 2))
COUNTS = sp.random(60, 12, 0.3, format="csr", random_state=0)
LINEAR = LogisticRegression().fit(COUNTS, np.arange(60) % 2)
BESIDE = pd.DataFrame(
    {"text": TEXTS, "age": RNG.integers(0, 90, 20), "kind": ["a", "b"] * 10}
)
PARTS = MixedSampler(
    [("t", TokenSampler(), "text"), ("r", MarginalSampler(), ["age", "kind"])]
)
KINDS = {
    "list of texts": (RATED, TEXTS, {}),
    "texts, drawn": (RATED, TEXTS, {"method": "sampling"}),
    "array of texts": (RATED, np.array(TEXTS), {}),
    "pandas texts": (RATED, pd.Series(TEXTS, name="said"), {}),
    "polars texts": (RATED, pl.Series("said", TEXTS), {}),
    "CSR matrix": (LINEAR, COUNTS, {}),
    "CSR array": (LINEAR, sp.csr_array(COUNTS), {"method": "sampling"}),
    "array of objects": (
        FunctionRegressor(models.of_first),
        np.array([["a", 1.5], ["b", None], ["a", 3.5]] * 9, dtype=object)[[0, 2] * 9],
        {},
    ),
    "images": (
        FunctionRegressor(models.of_images),
        IMAGES,
        {"sampler": SuperpixelSampler(segmenter=(4, 4), hide="mean")},
    ),
    "superpixels": (
        FunctionRegressor(models.of_images),
        IMAGES,
        {"sampler": SuperpixelSampler(hide="blur")},
    ),
    "series": (FunctionRegressor(models.of_series), STEPS, {"sampler": SequenceSampler()}),
    "parts": (FunctionRegressor(models.of_text_and_age), BESIDE, {"sampler": PARTS}),
    "background": (
        RandomForestClassifier(4, random_state=0).fit(CANCER, SICK),
        CANCER,
        {"sampler": CoalitionSampler(background=CANCER[:5]), "kernel": ShapleyKernel()},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_rows_is_read_back(kind, tmp_path):
    model, X, own = KINDS[kind]
    explainer = LimeExplainer(model, n_samples=128, random_state=0, **own).fit(X)
    known = read_back(explainer, tmp_path, FUNCTIONS)
    assert same_bits(known.transform(X[:3]), explainer.transform(X[:3]))
    assert explains_alike(known, explainer, X[:3])


def test_what_is_read_is_written_again_and_pickled(tmp_path):
    X = mixed_table()[["number", "level", "zoned", "day", "decimal"]]
    model = FunctionRegressor(models.of_mixed)
    explainer = LimeExplainer(model, n_samples=64, random_state=0).fit(X)
    known = explainer
    for _ in range(2):
        known = read_back(pickle.loads(pickle.dumps(known)), tmp_path, FUNCTIONS)
    assert same_bits(known.transform(X[:5]), explainer.transform(X[:5]))
    refitted = known.fit(X[:40]).transform(X[:5])
    assert same_bits(refitted, explainer.fit(X[:40]).transform(X[:5]))


def test_anchors_and_samplers_are_read_back(tmp_path):
    forest = RandomForestClassifier(4, random_state=0).fit(CANCER, SICK)
    for own in ({"criterion": "soft"}, {"criterion": "hard", "n_samples": 256}):
        anchors = AnchorExplainer(forest, random_state=0, **own).fit(CANCER)
        known = read_back(anchors, tmp_path)
        assert same_bits(known.transform(CANCER[:3]), anchors.transform(CANCER[:3]))
        # Also after they have explained rows.
        rules = [str(own) for own in anchors.explain(CANCER[:3])]
        known = read_back(anchors, tmp_path)
        assert [str(own) for own in known.explain(CANCER[:3])] == rules
    sampler = MarginalSampler().fit(CANCER)
    known = read_back(sampler, tmp_path)
    one, other = (own.sample(CANCER[:1], 8, random_state=0)[0] for own in (known, sampler))
    pd.testing.assert_frame_equal(one.inputs, other.inputs)


def test_a_file_is_read_in_another_process(tmp_path):
    forest = RandomForestClassifier(4, random_state=0).fit(CANCER, SICK)
    explainer = LimeExplainer(forest, random_state=0).fit(CANCER)
    dump(explainer, tmp_path / "explainer.skops")
    CANCER[:5].to_parquet(tmp_path / "rows.parquet")
    program = (
        "import sys, numpy, pandas; from sklime.persistence import load\n"
        "explainer = load('explainer.skops')\n"
        "rows = pandas.read_parquet('rows.parquet')\n"
        "numpy.save('found.npy', explainer.transform(rows))\n"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))
    }
    run = [sys.executable, "-c", program]
    subprocess.run(run, cwd=tmp_path, env=environment, check=True, timeout=120)
    assert same_bits(np.load(tmp_path / "found.npy"), explainer.transform(CANCER[:5]))


class Stranger:
    """A type that nobody trusts."""

    def predict(self, X):
        return np.asarray(X)[:, 0]


def test_types_that_are_not_trusted_are_named_with_the_cure(tmp_path):
    explainer = LimeExplainer(Stranger(), random_state=0).fit(CANCER.to_numpy())
    dump(explainer, tmp_path / "explainer.skops")
    name = f"{__name__}.Stranger"
    with pytest.raises(UntrustedTypesError, match=name) as caught:
        load(tmp_path / "explainer.skops")
    assert caught.value.types == [name]
    assert f"trusted=['{name}']" in str(caught.value)
    assert isinstance(caught.value, TypeError)
    for trusted in ([name], [Stranger], Stranger, name):
        known = load(tmp_path / "explainer.skops", trusted=trusted)
        rows = CANCER.to_numpy()[:3]
        assert same_bits(known.transform(rows), explainer.transform(rows))


def test_models_of_other_libraries_are_named(tmp_path):
    model = XGBClassifier(n_estimators=3).fit(CANCER, SICK)
    explainer = LimeExplainer(model, random_state=0).fit(CANCER)
    dump(explainer, tmp_path / "explainer.skops")
    with pytest.raises(UntrustedTypesError, match="xgboost"):
        load(tmp_path / "explainer.skops")
    trusted = ["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"]
    known = load(tmp_path / "explainer.skops", trusted)
    assert same_bits(known.transform(CANCER[:3]), explainer.transform(CANCER[:3]))


def test_nothing_that_unpickles_or_is_a_function_is_trusted():
    assert not [name for name in TRUSTED if "shipping" in name or "pickle" in name]
    for name in TRUSTED:
        module, _, own = name.rpartition(".")
        if module.startswith("sklime"):
            found = getattr(__import__(module, fromlist=[own]), own)
            assert isinstance(found, type)
            assert found.__module__ == module


# Trees and sparse matrices with indices that lead outside.


def forged(content, loader, change):
    """A file of which the arrays of nodes of one kind are changed."""
    with ZipFile(BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    waiting = [json.loads(parts["schema.json"])]
    while waiting:
        node = waiting.pop()
        waiting += list(node.values()) if isinstance(node, dict) else []
        waiting += node if isinstance(node, list) else []
        if isinstance(node, dict) and node.get("__loader__") == loader:
            change(node, parts)
    target = BytesIO()
    with ZipFile(target, "w") as file:
        for name, part in parts.items():
            file.writestr(name, part)
    return target.getvalue()


def changed_nodes(field, value):
    def change(node, parts):
        name = node["content"]["content"]["nodes"]["file"]
        nodes = np.load(BytesIO(parts[name]))
        nodes[field][0] = value
        array = BytesIO()
        np.save(array, nodes)
        parts[name] = array.getvalue()

    return change


@pytest.mark.parametrize(
    ("field", "value"),
    [("left_child", 10**6), ("right_child", -5), ("left_child", 0), ("feature", 4)],
)
def test_trees_that_lead_outside_are_refused(field, value, tmp_path):
    forest = RandomForestClassifier(2, max_depth=3, random_state=0).fit(CANCER, SICK)
    explainer = LimeExplainer(forest, method="sampling", random_state=0).fit(CANCER)
    path = tmp_path / "explainer.skops"
    dump(explainer, path)
    path.write_bytes(forged(path.read_bytes(), "TreeNode", changed_nodes(field, value)))
    with pytest.raises(ValueError, match="leads outside"):
        load(path)


def test_trees_without_nodes_and_with_two_ways_to_one_are_refused():
    def forest_with(change):
        forest = RandomForestClassifier(2, max_depth=3, random_state=0).fit(CANCER, SICK)
        tree = forest.estimators_[1].tree_
        state = tree.__getstate__()
        change(state)
        tree.__setstate__(state)
        return forest

    def without_nodes(state):
        state["nodes"], state["values"] = state["nodes"][:0], state["values"][:0]
        state["node_count"] = 0

    def two_ways(state):
        state["nodes"]["left_child"][0] = state["nodes"]["right_child"][0]

    check_trees(forest_with(lambda state: None))
    for change in (without_nodes, two_ways):
        with pytest.raises(ValueError, match="leads outside"):
            check_trees(forest_with(change))


def test_trees_of_boosting_are_the_callers_to_trust(tmp_path):
    model = GradientBoostingRegressor(n_estimators=3).fit(CANCER, SICK)
    explainer = LimeExplainer(model, random_state=0).fit(CANCER)
    path = tmp_path / "explainer.skops"
    dump(explainer, path)
    with pytest.raises(UntrustedTypesError, match="GradientBoostingRegressor") as caught:
        load(path)
    assert caught.value.types == [TREE]
    for trusted in ([TREE], [Tree]):
        known = load(path, trusted)
        assert same_bits(known.transform(CANCER[:3]), explainer.transform(CANCER[:3]))


def test_sparse_matrices_that_lead_outside_are_refused(tmp_path):
    explainer = LimeExplainer(LINEAR, random_state=0).fit(COUNTS)
    path = tmp_path / "explainer.skops"
    dump(explainer, path)

    def change(node, parts):
        matrix = sp.load_npz(BytesIO(parts[node["file"]]))
        matrix.indices[0] = 10**6
        array = BytesIO()
        sp.save_npz(array, matrix)
        parts[node["file"]] = array.getvalue()

    path.write_bytes(forged(path.read_bytes(), "SparseMatrixNode", change))
    with pytest.raises(ValueError, match="indices"):
        load(path)


# Errors.


@pytest.mark.parametrize("content", [b"", b"PK", b"{}", pickle.dumps([1]), b"\x00" * 99])
def test_what_is_no_file_of_ours_is_told(content, tmp_path):
    path = tmp_path / "explainer.skops"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"explainer\.skops.*is no file of sklime"):
        load(path)


def test_a_cut_file_is_told(tmp_path):
    explainer = LimeExplainer(LINEAR, random_state=0).fit(COUNTS)
    path = tmp_path / "explainer.skops"
    dump(explainer, path)
    whole = path.read_bytes()
    for size in (len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match="damaged"):
            load(path)


def test_a_model_alone_is_no_explainer(tmp_path):
    path = tmp_path / "model.skops"
    skops.io.dump(LINEAR, path)
    with pytest.raises(ValueError, match=r"LogisticRegression, and no.*skops\.io\.load"):
        load(path)
    with pytest.raises(TypeError, match=r"explainer=.*LogisticRegression.*skops\.io\.dump"):
        dump(LINEAR, path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="explainer"):
        load(tmp_path / "explainer.skops")


@pytest.mark.parametrize("trusted", [True, 5, [1], None])
def test_trusted_lists_names(trusted, tmp_path):
    with pytest.raises(TypeError, match="trusted"):
        load(tmp_path / "explainer.skops", trusted=trusted)


def test_a_folder_that_is_not_there_is_told_by_the_name_of_the_file(tmp_path):
    sampler = MarginalSampler().fit(CANCER)
    with pytest.raises(FileNotFoundError) as raised:
        dump(sampler, tmp_path / "none" / "sampler.skops")
    assert raised.value.filename == str(tmp_path / "none" / "sampler.skops")


def test_what_only_a_pickle_can_hold_is_found_when_it_is_written(tmp_path):
    path = tmp_path / "explainer.skops"
    explainer = LimeExplainer(FunctionRegressor(lambda X: X[:, 0]), random_state=0)
    with pytest.raises(TypeError, match=r"lambda.*function of a module"):
        dump(explainer.fit(CANCER.to_numpy()), path)
    assert list(tmp_path.iterdir()) == []


def test_skops_missing_names_the_extra(monkeypatch, tmp_path):
    # What an installation without the extra has.
    monkeypatch.setitem(sys.modules, "skops.io", None)
    monkeypatch.setitem(sys.modules, "skops", None)
    with pytest.raises(ImportError, match=r"sklime\[cli\]"):
        dump(MarginalSampler(), tmp_path / "sampler.skops")
    with pytest.raises(ImportError, match=r"sklime\[cli\]"):
        load(tmp_path / "sampler.skops")


# Whole or not at all.


def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "explainer.skops"
    dump(MarginalSampler(n_bins=3), path)
    before = path.read_bytes()
    program = (
        "import resource, sys; from sklime.persistence import dump\n"
        "from sklime.samplers import MarginalSampler; import signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "dump(MarginalSampler(n_bins=5), 'explainer.skops')\n"
    )
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))
    }
    run = [sys.executable, "-B", "-c", program]
    failed = subprocess.run(
        run, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert failed.returncode != 0
    assert "File too large" in failed.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_files_keep_their_permissions(tmp_path):
    path = tmp_path / "sampler.skops"
    dump(MarginalSampler(), path)
    plain = tmp_path / "plain"
    plain.touch()
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    dump(MarginalSampler(), path)
    assert path.stat().st_mode & 0o777 == 0o640


# Versions.


def test_pickles_of_another_version_are_told(monkeypatch):
    explainer = LimeExplainer(LINEAR, random_state=0).fit(COUNTS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pickle.loads(pickle.dumps(explainer)).n_samples == explainer.n_samples
    monkeypatch.setattr("sklime.base.__version__", "99.1")
    written = pickle.dumps(explainer)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=r"written by sklime 99\.1 is read"):
        known = pickle.loads(written)
    assert same_bits(known.transform(COUNTS[:3]), explainer.transform(COUNTS[:3]))


def test_files_of_another_version_are_told(monkeypatch, tmp_path):
    sampler = MarginalSampler().fit(CANCER)
    monkeypatch.setattr("sklime.base.__version__", "99.1")
    dump(sampler, tmp_path / "sampler.skops")
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning, match=r"99\.1.*Fit again"):
        load(tmp_path / "sampler.skops")


def test_pickles_without_a_version_are_older():
    state = MarginalSampler(n_bins=3).__getstate__()
    del state["_sklime_version"]
    sampler = MarginalSampler()
    with pytest.warns(InconsistentVersionWarning, match="an older sklime"):
        sampler.__setstate__(state)
    assert sampler == MarginalSampler(n_bins=3)


def test_clones_and_parameters_know_no_version():
    explainer = LimeExplainer(LINEAR, random_state=0).fit(COUNTS)
    assert "_sklime_version" not in vars(pickle.loads(pickle.dumps(explainer)))


# Files of older versions, written once and read by all later ones.


def stored_table():
    """What the explainer in `data/explainer_0_1_0.skops` was fitted on."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.integers(0, 9, 40) / 2.0,
            "kind": pd.Categorical(rng.choice(["a", "b"], 40)),
            "born": pd.date_range("2020", periods=40, tz="UTC"),
        }
    )


@pytest.mark.filterwarnings("ignore::sklime.exceptions.InconsistentVersionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_the_file_of_the_first_version_is_read():
    explainer = load(DATA / "explainer_0_1_0.skops")
    expected = [
        [6.6686159656067256e-01, -2.2609944490708689e-02, -5.0201538349240052e-03],
        [4.1283603126825108e-01, -1.4654193514746576e-02, -1.5737250394121976e-02],
        [-3.7434858010672140e-01, -3.3250334547093009e-02, -1.0622951218824400e-04],
    ]
    found = explainer.transform(stored_table()[:3])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    again = explainer.fit(stored_table()).transform(stored_table()[:3])
    # It was fitted on a processor whose BLAS sums draws in another order.
    largest = np.abs(expected).max(axis=1, keepdims=True)
    assert (np.abs(again - expected) <= 1e-6 * largest).all()


@pytest.mark.filterwarnings("ignore::sklime.exceptions.InconsistentVersionWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "probability",
            [
                [0.52221741, 0.02566882, 0.00423152],
                [-0.50666072, 0.23991976, -0.04780553],
            ],
        ),
        ("masks", [[1.24942938, 0.0, 0.0], [-0.836317100, -1.04105978, 0.0856432471]]),
    ],
)
def test_files_of_other_kinds_are_read(name, expected):
    """Probabilities in closed form, and masks whose unused columns a median fills."""
    rows = np.random.default_rng(0).integers(0, 6, (40, 3)) / 2.0
    explainer = load(DATA / f"explainer_{name}_0_1_0.skops")
    np.testing.assert_allclose(explainer.transform(rows[:2]), expected, rtol=0, atol=1e-8)
    assert np.isfinite(explainer.explain(rows[:2]).scores).all()
