"""AnchorExplainer, Anchors and RuleSet through their public interface."""

import json
import pickle
import re
import warnings

import jsonschema
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from sklime import (
    AnchorExplainer,
    Anchors,
    FunctionClassifier,
    FunctionRegressor,
    LimeExplainer,
    RuleSet,
)
from sklime.anchors import Condition, Rule, anchors_schema
from sklime.exceptions import AnchorWarning
from sklime.samplers import CoalitionSampler, MarginalSampler, TrainingSampler

IRIS, SPECIES = load_iris(return_X_y=True, as_frame=True)
FOREST = RandomForestClassifier(30, random_state=0).fit(IRIS, SPECIES)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0).fit(IRIS, SPECIES)
SCHEMA = jsonschema.Draft202012Validator(anchors_schema())

# Rows that no rule pins down are told, which most tests do not look at.
pytestmark = pytest.mark.filterwarnings("ignore::sklime.exceptions.AnchorWarning")


@pytest.fixture(scope="module")
def anchors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnchorWarning)
        return AnchorExplainer(FOREST, random_state=0).fit(IRIS).explain(IRIS[::5])


def mixed_frame(n=200, seed=0):
    """Columns of all kinds, some with gaps, with names that are hard to quote."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n).astype(float)
    age[::9] = np.nan
    pet = rng.choice(["cat", "dog's", 'a "bird"'], n).astype(object)
    pet[::11] = None
    return pd.DataFrame(
        {
            "age in years": age,
            "pet": pet,
            "class": pd.Categorical(rng.choice(["low", "high"], n)),
            "is member?": rng.random(n) < 0.5,
            "since": pd.Timestamp("2020-01-01")
            + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "children": rng.integers(0, 4, n),
            "<b>weight</b>": rng.normal(size=n).astype(np.float32),
        }
    )


def answers_of(frame):
    """Probabilities that depend on every kind of column, also on what is missing."""
    score = np.where(frame["age in years"].isna(), 2.0, frame["age in years"] > 50)
    score = score + (frame["pet"] == "dog's") + 2.0 * (frame["class"] == "high")
    score = (
        score - 3.0 * (frame["since"] > pd.Timestamp("2021-06-01")) * frame["is member?"]
    )
    score = score + 0.5 * frame["children"] + (frame["<b>weight</b>"] > 0.5)
    p = 1.0 / (1.0 + np.exp(-(np.asarray(score, dtype=float) - 2.0)))
    return np.column_stack([1.0 - p, p])


def explain(model, X, rows=None, **parameters):
    explainer = AnchorExplainer(model, random_state=0, **parameters).fit(X)
    return explainer.explain(X if rows is None else rows)


# What is found


def test_a_tree_is_anchored_by_its_own_conditions():
    anchors = explain(TREE, IRIS)
    # Where the first threshold lies between two bins, both are of one class.
    sure = IRIS["petal width (cm)"] <= 0.3
    assert set(map(str, anchors[sure].rules)) == {"petal width (cm) <= 0.3"}
    assert anchors[sure].valid.all()
    assert set(anchors.target_names) == {0, 1, 2}


def test_fields_fit_together(anchors):
    n = len(anchors)
    assert anchors.shape == anchors.features.shape == (n, 4)
    for name in ("precisions", "coverages", "valid", "predictions", "target_names"):
        assert getattr(anchors, name).shape == (n,)
    for name in ("precision_intervals", "coverage_intervals"):
        own = getattr(anchors, name)
        assert own.shape == (n, 2)
        assert (own[:, 0] <= own[:, 1]).all()
    assert (anchors.precision_intervals[anchors.valid, 0] >= 0.95).all()
    assert anchors.features.dtype == anchors.valid.dtype == bool
    p = FOREST.predict_proba(IRIS[::5])
    assert np.array_equal(anchors.predictions, p.max(axis=1))
    assert np.array_equal(anchors.target_names, p.argmax(axis=1))
    for rule, own in zip(anchors.rules, anchors.features, strict=True):
        names = {condition.column for condition in rule.conditions}
        assert names == set(np.array(IRIS.columns)[own])


def test_rows_keep_their_rules_and_coverage_is_a_share_of_training_rows(anchors):
    covered = anchors.apply(IRIS)
    assert covered.shape == (150, len(anchors))
    assert covered.dtype == bool
    assert np.array_equal(covered.mean(axis=0), anchors.coverages)
    own = anchors.apply(anchors.data)
    assert own[np.arange(len(anchors)), np.arange(len(anchors))].all()
    low, high = anchors.coverage_intervals.T
    assert ((low <= anchors.coverages) & (anchors.coverages <= high)).all()


def test_transform_marks_the_columns_of_the_rules(anchors):
    explainer = AnchorExplainer(FOREST, random_state=0).fit(IRIS)
    marks = explainer.transform(IRIS[::5])
    assert marks.dtype == float
    assert np.array_equal(marks, anchors.features)
    assert explainer.get_feature_names_out().tolist() == IRIS.columns.tolist()
    frame = explainer.set_output(transform="pandas").transform(IRIS[::5])
    assert np.array_equal(frame, marks)


def test_steps_lead_from_all_rows_to_the_rule(anchors):
    for i, steps in enumerate(anchors.steps):
        assert steps.shape == (len(anchors.rules[i]) + 1, 2)
        assert steps[0, 1] == 1.0
        assert steps[-1].tolist() == [anchors.precisions[i], anchors.coverages[i]]
        assert (np.diff(steps[:, 1]) <= 0.0).all()


def test_examples_are_training_rows_that_keep_the_rule(anchors):
    for i, rule in enumerate(anchors.rules):
        c = anchors.target_names[i]
        for name, same in [("same", True), ("other", False)]:
            rows = anchors.examples[i][name]
            assert len(rows) <= 3
            assert rule.covers(rows).all()
            if len(rows):
                assert ((FOREST.predict(rows) == c) == same).all()


def test_conditions_are_in_the_words_of_explanations(anchors):
    lime = LimeExplainer(FOREST, random_state=0).fit(IRIS).explain(IRIS[::5])
    for i, rule in enumerate(anchors.rules):
        words = set(map(str, rule.conditions))
        assert words == set(np.asarray(lime.conditions)[i][anchors.features[i]])


def test_conditions_are_half_lines_and_intervals_that_hold_the_row():
    # Of nine tenths of the values, as no bin is.
    model = FunctionClassifier(
        lambda X: np.column_stack([X[:, 0] > 9.0, X[:, 0] <= 9.0]).astype(float), [0, 1]
    )
    X = np.random.default_rng(0).uniform(0.0, 12.0, (400, 2))
    low, middle, high = (np.array([[x, 6.0]]) for x in (1.0, 5.0, 11.0))
    cuts = np.quantile(X[:, 0], [0.25, 0.5, 0.75])
    own = {"precision": 0.9, "conditions": "range"}
    anchors = explain(model, X, np.concatenate([low, middle, high]), **own)
    [below], [inside], [above] = (rule.conditions for rule in anchors.rules)
    assert below == inside
    assert (below.lower, above.upper) == (None, None)
    assert below.upper == pytest.approx(cuts[2], abs=0.1)
    assert above.lower == pytest.approx(cuts[2], abs=0.1)
    assert str(below).startswith("x0 <= ")
    assert str(above).startswith("x0 > ")
    assert anchors.coverages == pytest.approx([0.75, 0.75, 0.25], abs=0.01)

    def between(X):
        inside = (X[:, 0] > 3.0) & (X[:, 0] <= 9.5)
        return np.column_stack([~inside, inside]).astype(float)

    anchors = explain(FunctionClassifier(between, [0, 1]), X, middle, **own)
    [condition] = anchors.rules[0].conditions
    assert (condition.lower, condition.upper) == pytest.approx(cuts[[0, 2]], abs=0.1)
    assert " < x0 <= " in str(condition)
    assert anchors.coverages[0] == pytest.approx(0.5, abs=0.01)


def test_any_value_that_is_not_missing_is_a_condition():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(size=300), "b": rng.normal(size=300)})
    X.loc[::3, "age"] = np.nan

    def known(frame):
        seen = frame["age"].notna().to_numpy()
        return np.column_stack([~seen, seen]).astype(float)

    for criterion in ("hard", "soft"):
        model = FunctionClassifier(known, classes=[0, 1])
        anchors = explain(model, X, criterion=criterion, conditions="range")
        texts = np.where(X["age"].isna(), "age is missing", "age is not missing")
        assert list(map(str, anchors.rules)) == texts.tolist()
        covered = anchors.apply(X)
        assert np.array_equal(covered.mean(axis=0), anchors.coverages)
        for i in (0, 1):
            found = X.query(anchors.to_query(i))
            assert found.index.tolist() == np.flatnonzero(covered[:, i]).tolist()
        assert Anchors.from_json(anchors.to_json()) == anchors


# The same row has the same answer


@pytest.mark.parametrize(
    ("model", "parameters"),
    [
        (FOREST, {}),
        (FOREST, {"criterion": "soft"}),
        (FOREST, {"criterion": "share", "tolerance": 0.2}),
        (TREE, {"n_samples": 512, "max_samples": 2048}),
    ],
    ids=["hard", "soft", "share", "few draws"],
)
def test_a_row_is_explained_alike_whatever_the_batch(model, parameters):
    explainer = AnchorExplainer(model, random_state=3, **parameters).fit(IRIS)
    whole = explainer.explain(IRIS)
    order = np.random.default_rng(0).permutation(150)
    shuffled = explainer.explain(IRIS.iloc[order])
    assert shuffled == whole[order]
    for i in (0, 70, 149):
        assert explainer.explain(IRIS[i : i + 1]) == whole[i]
    twice = explainer.explain(pd.concat([IRIS[60:63], IRIS[60:63]]))
    assert twice[:3] == twice[3:] == whole[60:63]


def test_models_that_round_by_batch_are_anchored_alike():
    model = LogisticRegression(max_iter=1000).fit(IRIS, SPECIES)
    explainer = AnchorExplainer(model, random_state=3, n_samples=512).fit(IRIS)
    whole = explainer.explain(IRIS[::10])
    for i in range(15):
        alone = explainer.explain(IRIS[10 * i : 10 * i + 1])
        assert alone.rules == whole[i].rules
        assert alone.precisions == pytest.approx(whole[i].precisions, rel=1e-12)


def test_blocks_and_jobs_change_nothing(monkeypatch):
    explainer = AnchorExplainer(FOREST, random_state=3).fit(IRIS)
    whole = explainer.explain(IRIS[::3])
    explainer.set_params(n_jobs=2)
    monkeypatch.setattr("sklime.anchors.subjects._MOST_ROWS", 7)
    parallel = explainer.explain(IRIS[::3])
    assert parallel.rules == whole.rules
    assert np.array_equal(parallel.precisions, whole.precisions)
    with config_context(working_memory=1):
        assert explainer.explain(IRIS[::3]).rules == whole.rules


def test_seeds_decide_and_the_global_state_is_untouched():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one, two = (
        AnchorExplainer(FOREST, random_state=seed).fit(IRIS).explain(IRIS[50:60])
        for seed in (1, 2)
    )
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert not np.array_equal(one.precisions, two.precisions)
    free = AnchorExplainer(FOREST).fit(IRIS)
    assert free.explain(IRIS[50:60]) == free.explain(IRIS[50:60])


# Tables of all kinds


def test_conditions_on_columns_of_every_kind():
    X = mixed_frame()
    model = FunctionClassifier(answers_of, classes=["no", "yes"])
    anchors = explain(model, X, precision=0.8)
    assert set(anchors.target_names) == {"no", "yes"}
    kinds = {c.kind for rule in anchors.rules for c in rule.conditions}
    assert kinds == {"interval", "value", "missing"}
    columns = {c.column for rule in anchors.rules for c in rule.conditions}
    assert {"age in years", "class", "since", "is member?"} <= columns
    covered = anchors.apply(X)
    assert np.array_equal(covered.mean(axis=0), anchors.coverages)
    for i in range(len(anchors)):
        found = X.query(anchors.to_query(i))
        assert found.index.tolist() == np.flatnonzero(covered[:, i]).tolist()
    text = anchors.to_json()
    SCHEMA.validate(json.loads(text))
    back = Anchors.from_json(text)
    assert back == anchors
    assert np.array_equal(back.apply(X), covered)


@pytest.mark.parametrize("column", mixed_frame().columns)
def test_a_rule_on_one_column_covers_what_a_query_finds(column):
    X = mixed_frame()

    def answer(frame):
        own = frame[column]
        hit = (
            own.isna()
            if own.isna().any()
            else own == own.max()
            if own.dtype != "category"
            else own == "low"
        )
        return np.column_stack([~hit, hit]).astype(float)

    anchors = explain(FunctionClassifier(answer, classes=[0, 1]), X, precision=0.9)
    covered = anchors.apply(X)
    assert np.array_equal(covered.mean(axis=0), anchors.coverages)
    for i in range(len(anchors)):
        found = X.query(anchors.to_query(i))
        assert found.index.tolist() == np.flatnonzero(covered[:, i]).tolist()


def test_nullable_columns_and_polars_frames():
    X = mixed_frame()[["age in years", "pet", "children", "since"]]
    nullable = X.astype({"age in years": "Int64", "pet": "string", "children": "Int32"})

    def answer(frame):
        frame = frame.to_pandas() if isinstance(frame, pl.DataFrame) else frame
        age = frame["age in years"].astype(float).fillna(100.0).to_numpy()
        late = (frame["since"] > pd.Timestamp("2021-06-01")).to_numpy()
        cats = (frame["pet"] == "cat").fillna(False).to_numpy(dtype=bool)
        p = np.where(age > 60, 0.9, 0.2 + 0.5 * late * cats)
        return np.column_stack([1.0 - p, p])

    model = FunctionClassifier(answer, classes=[0, 1])
    plain = explain(model, X, precision=0.9)
    for table in (nullable, pl.from_pandas(X)):
        anchors = explain(model, table, precision=0.9)
        assert [str(rule) for rule in anchors.rules] == [str(rule) for rule in plain.rules]
        assert np.array_equal(anchors.apply(table), plain.apply(X))
        assert Anchors.from_json(anchors.to_json()) == anchors


def test_frames_are_read_by_name():
    anchors = explain(TREE, IRIS)
    shuffled = IRIS[IRIS.columns[::-1]]
    assert np.array_equal(anchors.apply(shuffled), anchors.apply(IRIS))
    with pytest.raises(ValueError, match=r"no column 'petal .* pass the columns"):
        anchors.apply(IRIS[["sepal length (cm)"]])


def test_sparse_tables_give_sparse_covers():
    X = IRIS.to_numpy()
    anchors = explain(DecisionTreeClassifier(random_state=0).fit(X, SPECIES), X)
    covered = anchors.apply(sparse.csr_matrix(X))
    assert sparse.issparse(covered)
    assert covered.format == "csr"
    assert np.array_equal(covered.toarray(), anchors.apply(X))
    with config_context(sparse_interface="sparray"):
        assert isinstance(anchors.apply(sparse.csr_array(X)), sparse.csr_array)


@pytest.mark.parametrize("layout", ["bsr", "coo", "csc", "dok", "lil"])
def test_sparse_tables_of_any_format_are_tested(anchors, layout):
    X = sparse.csr_matrix(IRIS.to_numpy()).asformat(layout)
    assert np.array_equal(anchors.apply(X).toarray(), anchors.apply(IRIS))
    rules = RuleSet(2).fit(anchors)
    assert np.array_equal(rules.apply(X), rules.apply(IRIS))


def test_pipelines_of_mixed_columns():
    X = mixed_frame()[["age in years", "pet", "children"]]
    y = (answers_of(mixed_frame())[:, 1] > 0.5).astype(int)
    steps = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["pet"]),
        (SimpleImputer(), ["age in years", "children"]),
    )
    model = make_pipeline(steps, RandomForestClassifier(20, random_state=0)).fit(X, y)
    for criterion in ("hard", "soft"):
        explainer = AnchorExplainer(
            model, criterion=criterion, precision=0.7, random_state=0
        )
        anchors = explainer.fit(X).explain(X)
        assert anchors.valid.mean() > 0.5
        assert np.array_equal(anchors.apply(X).mean(axis=0), anchors.coverages)
    assert explainer.method_ == "exact"


def test_groups_are_one_feature_with_several_conditions():
    sampler = MarginalSampler(groups={"petal": ["petal length (cm)", "petal width (cm)"]})
    anchors = explain(FOREST, IRIS, sampler=sampler)
    assert anchors.feature_names.tolist()[-1] == "petal"
    assert anchors.shape == (150, 3)
    alone = anchors.features[:, 2] & (anchors.features.sum(axis=1) == 1)
    assert alone.any()
    assert {len(anchors.rules[i]) for i in np.flatnonzero(alone)} == {2}
    assert np.array_equal(anchors.apply(IRIS).mean(axis=0), anchors.coverages)
    assert "petal" in anchors.to_html()


def test_weights_count_in_coverage_and_draws():
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, 150)
    repeated = IRIS.loc[np.repeat(IRIS.index, weights)].reset_index(drop=True)
    own = AnchorExplainer(TREE, criterion="soft").fit(IRIS, sample_weight=weights)
    other = AnchorExplainer(TREE, criterion="soft").fit(repeated)
    one, two = own.explain(IRIS[::7]), other.explain(IRIS[::7])
    assert one.rules == two.rules
    assert one.precisions == pytest.approx(two.precisions, abs=1e-10)
    assert one.coverages == pytest.approx(two.coverages, abs=1e-12)
    drawn = AnchorExplainer(TREE, random_state=0).fit(IRIS, sample_weight=weights)
    assert drawn.explain(IRIS[::7]).valid.mean() > 0.4


def test_values_that_training_never_had_are_no_conditions():
    X = pd.DataFrame({"a": list("xyzz") * 20, "b": np.tile([0, 1], 40), "c": np.arange(80)})
    model = FunctionClassifier(
        lambda t: np.column_stack([t["b"] == 0, t["b"] == 1]).astype(float), classes=[0, 1]
    )
    explainer = AnchorExplainer(model, random_state=0).fit(X)
    row = pd.DataFrame({"a": ["new"], "b": [1], "c": [3]})
    anchors = explainer.explain(row)
    assert [str(rule) for rule in anchors.rules] == ["b = 1"]
    assert anchors.valid.all()
    by_value = FunctionClassifier(
        lambda t: np.column_stack([t["a"] != "new", t["a"] == "new"]).astype(float),
        classes=[0, 1],
    )
    rows = pd.concat([row, X[:1].assign(a="newer")])
    with pytest.warns(AnchorWarning, match="1 of them hold values that training never had"):
        anchors = AnchorExplainer(by_value, random_state=0).fit(X).explain(rows)
    assert anchors.valid.tolist() == [False, True]


# Models and criteria


def test_regressors_are_anchored_by_their_mean():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = RandomForestRegressor(30, random_state=0).fit(X, y)
    explainer = AnchorExplainer(model).fit(X, y)
    assert (explainer.criterion_, explainer.method_) == ("mean", "exact")
    assert explainer.tolerance_ == pytest.approx([0.5 * model.predict(X).std()])
    anchors = explainer.explain(X[:40])
    near = np.abs(anchors.precisions - model.predict(X[:40])) <= explainer.tolerance_
    assert np.array_equal(near, anchors.valid)
    assert set(anchors.target_names) == {"target"}


def test_a_label_chooses_the_output():
    own = AnchorExplainer(FOREST, criterion="mean", target=1, tolerance=0.2).fit(IRIS)
    anchors = own.explain(IRIS[::10])
    assert np.array_equal(anchors.predictions, FOREST.predict_proba(IRIS[::10])[:, 1])
    assert set(anchors.target_names) == {1}
    with pytest.raises(ValueError, match="target='dog' is not one of the outputs"):
        AnchorExplainer(FOREST, target="dog").fit(IRIS)


def test_models_with_labels_or_margins_only():
    class Labels:
        classes_ = np.array(["a", "b"])

        def predict(self, X):
            return self.classes_[(np.asarray(X)[:, 2] > 3.0).astype(int)]

    anchors = explain(Labels(), IRIS.to_numpy())
    assert anchors.valid.mean() > 0.7
    assert set(anchors.target_names) == {"a", "b"}
    margin = explain(
        LogisticRegression().fit(IRIS, SPECIES == 0),
        IRIS,
        response_method="decision_function",
    )
    assert margin.valid.any()


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classifiers_that_number_their_classes_are_anchored_by_them(n_classes):
    forest = RandomForestClassifier(20, random_state=0)
    forest.fit(IRIS, np.minimum(SPECIES, n_classes - 1))

    class Classifier(ClassifierMixin, BaseEstimator):
        def predict_proba(self, X):
            return forest.predict_proba(X)

        def predict(self, X):
            return forest.predict(X)

    rows = IRIS[::30]
    for model in (FunctionClassifier(forest.predict_proba), Classifier()):
        for given, used in [("auto", "hard"), ("hard", "hard"), ("soft", "soft")]:
            anchors = explain(model, IRIS, rows, criterion=given, n_samples=1024)
            assert anchors.meta["criterion"] == used
            assert anchors.target_names.tolist() == forest.predict(rows).tolist()


def test_several_outputs_need_a_target():
    X, y = load_diabetes(return_X_y=True)
    model = LinearRegression().fit(X, np.column_stack([y, -y]))
    with pytest.raises(
        ValueError, match=r"target='auto'.* choose one by target.* 'y0', 'y1'"
    ):
        AnchorExplainer(model).fit(X)
    assert explain(model, X, X[:5], target="y1").predictions.max() < 0.0
    labels = np.column_stack([SPECIES == 0, SPECIES == 1]).astype(int)
    several = MultiOutputClassifier(DecisionTreeClassifier(max_depth=2)).fit(IRIS, labels)
    with pytest.raises(ValueError, match='criterion="hard" counts predicted classes'):
        AnchorExplainer(several, criterion="hard").fit(IRIS)


def test_fitted_models_are_kept_and_others_are_fitted():
    explainer = AnchorExplainer(FOREST)
    assert clone(explainer).estimator is FOREST
    assert explainer.fit(IRIS).estimator_ is FOREST
    fitted = AnchorExplainer(DecisionTreeClassifier(max_depth=2), random_state=0)
    fitted.fit(IRIS, SPECIES)
    assert fitted.estimator_ is not fitted.estimator
    with pytest.raises(ValueError, match=r"estimator__max_depth=1 .* AnchorExplainer"):
        explainer.set_params(estimator__max_depth=1)
    explainer.set_params(sampler__n_bins=3)
    assert explainer.sampler == MarginalSampler(n_bins=3)
    with pytest.raises(NotFittedError):
        AnchorExplainer(FOREST).transform(IRIS)


# What anchors are written as


def test_rows_are_taken_as_from_explanations(anchors):
    assert len(anchors[3]) == 1
    assert anchors[-1].rules == anchors.rules[-1:]
    assert anchors[2:5].rules == anchors.rules[2:5]
    assert anchors[anchors.valid].valid.all()
    assert anchors.loc[10].data.index.tolist() == [10]
    assert [own.rules[0] for own in anchors] == anchors.rules
    with pytest.raises(IndexError, match="loc"):
        anchors[1000]


@pytest.mark.parametrize("rows", [None, True, False, 10**6, "first", 1.5, (0, 1)])
def test_rows_that_mean_nothing_are_named(anchors, rows):
    with pytest.raises(IndexError, match="must be an int, a slice, a boolean mask or ints"):
        anchors[rows]


def test_frames_have_one_line_a_row(anchors):
    frame = anchors.to_frame()
    assert frame.index.equals(IRIS[::5].index)
    assert frame["rule"].tolist() == list(map(str, anchors.rules))
    assert frame["valid"].tolist() == anchors.valid.tolist()


def test_documents_come_back(anchors, tmp_path):
    jsonschema.Draft202012Validator.check_schema(anchors_schema())
    text = anchors.to_json()
    SCHEMA.validate(json.loads(text))
    back = Anchors.from_json(text)
    assert back == anchors
    assert back.rules == anchors.rules
    assert back.precisions.tobytes() == anchors.precisions.tobytes()
    assert back.to_json() == text
    assert np.array_equal(back.apply(IRIS), anchors.apply(IRIS))
    anchors.to_json(tmp_path / "anchors.json")
    assert Anchors.from_json(tmp_path / "anchors.json") == anchors
    assert pickle.loads(pickle.dumps(anchors)) == anchors
    empty = anchors[:0]
    assert Anchors.from_json(empty.to_json()) == empty
    assert len(empty.to_frame()) == 0
    assert "Anchors of 0 rows" in repr(empty)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON document"),
        ("{}", "no Anchors"),
        ('{"format": "sklime.Anchors", "version": 9}', "version=9"),
        ('{"format": "sklime.Anchors", "version": 1}', "do not fit together"),
    ],
)
def test_other_documents_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Anchors.from_json(text)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda own: own["valid"].pop(), "valid has .* rows and rules has"),
        (lambda own: own["steps"].pop(), "steps has"),
        (lambda own: own["examples"].pop(), "examples has"),
        (lambda own: own["rules"].pop(), "do not fit together"),
        (lambda own: own.update(data=None), "do not fit together"),
        (
            lambda own: own["rules"][0][0].update(kind="other"),
            "kind='other' must be one of",
        ),
        (
            lambda own: own["rules"][0][0].update(position="1"),
            "position='1' must be an int",
        ),
    ],
)
def test_damaged_documents_are_refused(anchors, damage, message):
    own = json.loads(anchors.to_json())
    damage(own)
    with pytest.raises(ValueError, match=message):
        Anchors.from_dict(own)


def test_explainers_pickle():
    explainer = AnchorExplainer(FOREST, random_state=0).fit(IRIS)
    back = pickle.loads(pickle.dumps(explainer))
    assert back.explain(IRIS[50:60]) == explainer.explain(IRIS[50:60])


def test_pages_take_no_value_for_markup():
    X = mixed_frame()[["<b>weight</b>", "pet"]]
    evil = "</style><script>alert(1)</script>"
    X["pet"] = np.where(X["pet"].isna(), evil, X["pet"])
    model = FunctionClassifier(
        lambda t: np.column_stack([t["pet"] == evil, t["pet"] != evil]).astype(float),
        classes=["<i>no</i>", "yes"],
    )
    anchors = explain(model, X)
    for page in (anchors.to_html(), anchors._repr_html_()):
        assert "<script" not in page
        assert "<i>no" not in page
        assert "&lt;script&gt;" in page
    assert "<b>weight" not in anchors.to_html()


def test_pages_tell_steps_and_doubts(tmp_path):
    anchors = explain(FOREST, IRIS)
    anchors.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.startswith("<!doctype html>")
    assert page.count("<details") == 150
    assert ("does not suffice" in page) == (not anchors.valid.all())
    assert "147 more" in anchors._repr_html_()


def test_pages_round_numbers_and_name_what_a_prediction_is():
    page = explain(FOREST, IRIS)[:5].to_html()
    shown = re.sub(r"<style>.*</style>", "", page, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", shown)
    assert re.search(r"Row\s+0\s*, probability of\s+0\s+[01.]+:", text)
    assert not re.search(r"\d\.0*[1-9]\d{4}", text)


# Rule sets


def test_rule_sets_cover_greedily(anchors):
    rules = RuleSet(max_rules=4).fit(anchors)
    valid = anchors[anchors.valid]
    covered = rules.apply(anchors.data)
    assert covered.shape == (len(anchors), len(rules.rules_))
    assert rules.coverage_ == covered.any(axis=1).mean()
    assert 0.95 <= rules.precision_ <= 1.0
    first = valid.apply(anchors.data).sum(axis=0).max()
    assert covered[:, 0].sum() == first
    left = np.ones(len(anchors), dtype=bool)
    for own in covered.T:
        gains = (valid.apply(anchors.data) & left[:, None]).sum(axis=0)
        assert (own & left).sum() == gains.max()
        left &= ~own
    assert [anchors.rules[i] for i in rules.indices_] == rules.rules_
    assert RuleSet(max_rules=1).fit(anchors).coverage_ <= rules.coverage_


def test_rule_sets_stop_where_nothing_is_left():
    rules = RuleSet(max_rules=50).fit(explain(TREE, IRIS))
    assert len(rules.rules_) < 50
    whole = FunctionClassifier(lambda X: np.tile([0.1, 0.9], (len(X), 1)), classes=[0, 1])
    one = RuleSet().fit(explain(whole, IRIS))
    assert (len(one.rules_), one.coverage_, one.precision_) == (1, 1.0, 1.0)


def test_rule_sets_refuse_what_is_no_set_of_anchors(anchors):
    with pytest.raises(TypeError, match="not Anchors"):
        RuleSet().fit(IRIS)
    with pytest.raises(ValueError, match="max_rules=0"):
        RuleSet(max_rules=0).fit(anchors)
    with pytest.raises(ValueError, match="none of the 0 anchors is valid"):
        RuleSet().fit(anchors[:0])


# Bad input, and cases at the edge


def test_one_class_everywhere_has_the_empty_rule():
    model = FunctionClassifier(lambda X: np.tile([0.2, 0.8], (len(X), 1)), classes=[0, 1])
    for criterion in ("hard", "soft"):
        anchors = explain(model, IRIS, criterion=criterion)
        assert [len(rule) for rule in anchors.rules] == [0] * 150
        assert (anchors.coverages == 1.0).all()
        assert anchors.valid.all()
        assert str(anchors.rules[0]) == "(any row)"
        assert len(IRIS.query(anchors.to_query(0))) == 150
    constant = explain(FunctionRegressor(lambda X: np.full(len(X), 7.0)), IRIS)
    assert constant.valid.all()
    assert (constant.precisions == 7.0).all()


def test_rows_that_no_rule_pins_down_are_flagged_and_counted():
    def parity(X):
        odd = (np.asarray(X) * 10).round().astype(int).sum(axis=1) % 2
        return np.column_stack([odd, 1 - odd]).astype(float)

    explainer = AnchorExplainer(FunctionClassifier(parity, classes=[0, 1]), random_state=0)
    explainer.fit(IRIS)
    with pytest.warns(
        AnchorWarning, match=r"30 row\(s\) have no rule that suffices"
    ) as told:
        anchors = explainer.explain(IRIS[::5])
    assert len(told) == 1
    assert not anchors.valid.any()
    assert (anchors.precisions < 0.95).all()
    assert (anchors.precision_intervals[:, 1] > anchors.precisions).all()


@pytest.mark.parametrize("more", [{"max_samples": 200_000}, {"n_samples": 50_000}])
def test_more_draws_show_rules_that_hardly_suffice(more):
    # Of the rows with a 1 in column 0, 96 of 100 have the class 1.
    X = np.column_stack([np.arange(400) % 2, np.arange(400) // 2 % 100])

    def answer(X):
        is_one = (X[:, 0] == 1) & (X[:, 1] % 25 > 0)
        return np.column_stack([~is_one, is_one]).astype(float)

    model = FunctionClassifier(answer, classes=[0, 1])
    own = {"sampler": MarginalSampler(n_bins=2), "max_length": 1}
    with pytest.warns(AnchorWarning, match="max_samples=16384: .* allow more draws"):
        assert not explain(model, X, X[3:4], **own).valid[0]
    anchors = explain(model, X, X[3:4], **own, **more)
    assert anchors.valid[0] and anchors.features[0].tolist() == [True, False]
    assert 0.95 <= anchors.precision_intervals[0, 0] <= 0.96


def test_length_and_draws_are_bounded():
    X, y = load_breast_cancer(return_X_y=True)
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    asked = []

    class Counted:
        classes_ = model.classes_

        def predict_proba(self, rows):
            asked.append(len(rows))
            return model.predict_proba(rows)

    explainer = AnchorExplainer(Counted(), max_length=2, random_state=0).fit(X)
    anchors = explainer.explain(X[:10])
    assert max(map(len, anchors.rules)) <= 2
    few = AnchorExplainer(Counted(), max_samples=1000, random_state=0).fit(X)
    asked.clear()
    few.explain(X[:10])
    # And 1,024 draws for the interval of a rule that does not suffice.
    assert sum(asked) <= 10 * (1000 + 1024) + 10 + len(X)
    few.fit(np.tile(X, (10, 1)))
    asked.clear()
    few.explain(X[:1])
    # Examples are looked for among 256 training rows.
    assert sum(asked) <= 1000 + 1024 + 1 + 256
    none = AnchorExplainer(model, criterion="soft", max_length=0).fit(X).explain(X[:3])
    assert [len(rule) for rule in none.rules] == [0, 0, 0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"precision": 0.0}, "precision=0.0 must be a number above 0 and at most 1"),
        ({"precision": 1.1}, "precision=1.1"),
        ({"precision": "high"}, "precision='high'"),
        ({"precision": 1.0}, "precision=1.0 .* no number of draws can show: use precision"),
        ({"precision": 1.0, "criterion": "share"}, "precision=1.0"),
        ({"tolerance": 0}, "tolerance=0 must be a number above 0"),
        ({"tolerance": -1.0}, "tolerance=-1.0 must be a number above 0"),
        ({"tolerance": np.nan}, "tolerance=nan"),
        ({"criterion": "best"}, "criterion='best' of AnchorExplainer must be one of"),
        ({"confidence": 1.0}, "confidence=1.0 must be a number above 0 and below 1"),
        ({"max_length": -1}, "max_length=-1 must be an integer of at least 0, or None"),
        ({"max_samples": 0}, "max_samples=0 must be an integer of at least 1, or None"),
        ({"beam_width": 0}, "beam_width=0 must be an integer of at least 1"),
        ({"n_samples": 1}, "n_samples=1 must be an integer of at least 2"),
        ({"sampler": MarginalSampler(n_bins=None)}, "has no bins.* set n_bins=4"),
        ({"sampler": TrainingSampler()}, "no independent columns.*MarginalSampler"),
        ({"sampler": CoalitionSampler()}, "no independent columns.*MarginalSampler"),
        ({"target": "all", "criterion": "soft"}, "target='all' .* choose one by target"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        AnchorExplainer(FOREST, **parameters).fit(IRIS)


def test_types_that_mean_nothing_are_refused():
    with pytest.raises(TypeError, match="is not a Sampler"):
        AnchorExplainer(FOREST, sampler="marginal").fit(IRIS)
    with pytest.raises(ValueError, match="TokenSampler"):
        AnchorExplainer(FOREST, sampler=MarginalSampler()).fit(["a text", "another"])


def test_shares_of_negative_answers_mean_nothing():
    model = FunctionRegressor(lambda X: np.asarray(X)[:, 0] - 5.5)
    explainer = AnchorExplainer(model, criterion="soft").fit(IRIS)
    with pytest.raises(ValueError, match=r'row 0 has -0.4: use criterion="mean"'):
        explainer.explain(IRIS)


def test_precision_1_is_exact_for_expected_answers():
    anchors = explain(TREE, IRIS, criterion="soft", precision=1.0)
    sure = anchors.predictions == 1.0
    assert anchors.valid[sure].mean() > 0.5
    assert anchors.precisions[sure & anchors.valid] == pytest.approx(1.0, abs=1e-10)


def test_columns_with_one_bin_are_no_conditions():
    X = IRIS.assign(constant=1.0)
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, SPECIES)
    for criterion in ("hard", "soft"):
        anchors = explain(model, X, criterion=criterion)
        assert not anchors.features[:, 4].any()
    alone = X[["constant"]]
    model = FunctionClassifier(lambda t: np.tile([0.4, 0.6], (len(t), 1)), classes=[0, 1])
    assert explain(model, alone).valid.all()


def test_five_thousand_columns():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 5000)).astype(np.float32)
    y = (X[:, 17] > np.median(X[:, 17])).astype(int)
    model = DecisionTreeClassifier(random_state=0).fit(X, y)
    for criterion in ("hard", "soft"):
        anchors = explain(model, X, X[:4], criterion=criterion, n_samples=512)
        assert anchors.valid.all()
        assert np.flatnonzero(anchors.features.any(axis=0)).tolist() == [17]


def test_rules_that_no_training_row_keeps():
    X = np.tile([[0, 0], [0, 1], [1, 0]], (40, 1))
    model = FunctionClassifier(
        lambda t: np.column_stack([1 - t[:, 0] * t[:, 1], t[:, 0] * t[:, 1]]).astype(float),
        classes=[0, 1],
    )
    anchors = explain(model, X, np.array([[1, 1]]))
    assert (len(anchors.rules[0]), anchors.coverages[0]) == (2, 0.0)
    assert anchors.valid.all()
    assert 0.0 < anchors.coverage_intervals[0, 1] < 0.05
    assert len(anchors.examples[0]["same"]) == 0


def test_a_model_that_raises_half_way_is_named():
    calls = []

    def answer(X):
        calls.append(len(X))
        if len(calls) > 4:
            raise RuntimeError("the service is down")
        p = (np.asarray(X)[:, 0] > 5.8).astype(float) * 0.8 + 0.1
        return np.column_stack([1.0 - p, p])

    explainer = AnchorExplainer(FunctionClassifier(answer, classes=[0, 1]), random_state=0)
    explainer.fit(IRIS)
    with pytest.raises(RuntimeError, match="the service is down") as error:
        for _ in range(10):
            explainer.explain(IRIS)
    assert any("predict_proba was asked about" in note for note in error.value.__notes__)


def test_a_name_with_a_backtick_is_quoted_or_refused():
    condition = Condition("a`b", 0, "a`b <= 1", "interval", upper=1.0)
    with pytest.raises(ValueError, match="backtick"):
        condition.to_query()
    lines = Condition("a\nb", 0, "a\nb <= 1", "interval", upper=1.0)
    with pytest.raises(ValueError, match="line break"):
        lines.to_query()
    assert condition.holds(pd.DataFrame({"a`b": [0.0, 2.0]})).tolist() == [True, False]


@pytest.mark.parametrize("name", ["inf", "Inf", "µg", "ﬁeld", "a\tb", "a\x00b", "a\u2028b"])
def test_a_name_that_pandas_takes_for_something_else_is_refused(name):
    X = pd.DataFrame({name: [0.0, 2.0, np.nan]})
    condition = Condition(name, 0, f"{name} <= 1", "interval", upper=1.0)
    with pytest.raises(ValueError, match="rename it, or use covers"):
        condition.to_query()
    assert condition.holds(X).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "name", ["class", "index", "sin", "naïve", "温度", "a b", "1e5", "(mg)"]
)
def test_a_strange_name_is_quoted(name):
    X = pd.DataFrame({name: [0.0, 2.0, np.nan]})
    condition = Condition(name, 0, f"{name} <= 1", "interval", lower=-1.0, upper=1.0)
    assert X.query(condition.to_query()).index.tolist() == [0]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (IRIS.to_numpy()[0], r"got the shape \(4,\): pass one row as a table of one"),
        (IRIS.iloc[0], r"got the shape \(4,\)"),
        (None, r"got the shape \(\)"),
        (
            IRIS.to_numpy()[:, :1],
            r"X has 1 column\(s\), and the condition .* columns of the",
        ),
        (sparse.csr_matrix(IRIS.to_numpy()[:, :1]), r"X has 1 column\(s\)"),
        (
            IRIS.astype(object).where(IRIS != 0.2, "thin"),
            "'petal width .* other values than the",
        ),
    ],
)
def test_tables_that_rules_cannot_be_tested_on_are_refused(anchors, X, message):
    rules = RuleSet().fit(anchors)
    for apply in (anchors.apply, rules.apply, anchors.rules[0].covers):
        with pytest.raises(ValueError, match=message):
            apply(X)


def test_lists_of_rows_are_tables(anchors):
    rows = IRIS.to_numpy().tolist()
    rules = RuleSet().fit(anchors)
    assert (anchors.apply(rows) == anchors.apply(IRIS)).all()
    assert (rules.apply(rows) == rules.apply(IRIS)).all()


@pytest.mark.parametrize(
    "labels",
    [
        pd.Index([np.nan] * 3),
        pd.Index([pd.NA, 1, 2], dtype="Int64"),
        pd.DatetimeIndex([pd.NaT] * 3),
        pd.MultiIndex.from_product([range(3), [None]]),
    ],
)
def test_the_empty_rule_finds_rows_without_a_label(labels):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=labels)
    assert len(frame.query(Rule(()).to_query())) == 3
    assert len(frame.assign(index=[np.nan, 1.0, 2.0]).query(Rule(()).to_query())) == 3


def test_a_rare_category_that_suffices_alone_is_the_rule():
    rng = np.random.default_rng(0)
    towns = np.array([f"town {i}" for i in rng.integers(0, 330, 1000)], dtype=object)
    towns[:3] = "rare"
    X = pd.DataFrame({"town": towns, "a": rng.normal(size=1000)})

    def answer(rows):
        p = np.where(rows["town"] == "rare", 1.0, 0.02)
        return np.column_stack([1.0 - p, p])

    model = FunctionClassifier(answer, classes=[0, 1])
    for criterion in ("hard", "soft", "mean", "share"):
        anchors = explain(model, X, X[:3], criterion=criterion)
        assert list(map(str, anchors.rules)) == ["town = rare"] * 3
        assert anchors.valid.all()
        assert anchors.coverages == pytest.approx(0.003)


def test_rare_categories_of_many_columns_leave_draws_for_others():
    rng = np.random.default_rng(0)
    X = rng.permuted(np.tile(np.arange(400), (60, 1)), axis=1).T.astype(str).astype(object)
    X = pd.DataFrame(X, columns=[f"id {j}" for j in range(60)])
    X["a"] = rng.normal(size=400)
    p = FunctionClassifier(
        lambda rows: np.column_stack([rows["a"] <= 0.0, rows["a"] > 0.0]).astype(float),
        classes=[0, 1],
    )
    far = X[X["a"].abs() > 1.0][:5]
    anchors = explain(p, X, far)
    assert anchors.valid.all()
    assert (anchors.features.sum(axis=0) > 0).nonzero()[0].tolist() == [60]


def test_models_that_predict_other_classes_are_told():
    X, y = load_breast_cancer(return_X_y=True)
    model = FixedThresholdClassifier(
        DecisionTreeClassifier(max_depth=3, random_state=0),
        threshold=0.99,
        response_method="predict_proba",
    ).fit(X, y)
    with pytest.warns(
        AnchorWarning, match=r"predict gives another .* of 256 .*\"predict\""
    ):
        AnchorExplainer(model, n_samples=256).fit(X)
    # Of both it is known which class they are about.
    assert not (model.predict_proba(X).argmax(axis=1) == model.predict(X)).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error", AnchorWarning)
        own = AnchorExplainer(model, response_method="predict", random_state=0).fit(X)
        AnchorExplainer(model, criterion="soft").fit(X)
        AnchorExplainer(model.estimator_).fit(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnchorWarning)
        anchors = own.explain(X[:20])
    assert anchors.target_names.tolist() == model.predict(X[:20]).tolist()


def test_a_refitted_model_is_told():
    model = DecisionTreeRegressor(max_depth=2, random_state=0)
    X, y = load_diabetes(return_X_y=True)
    model.fit(X, y)
    explainer = AnchorExplainer(model).fit(X)
    model.fit(X, -y)
    with pytest.warns(UserWarning, match="fitted again"):
        explainer.explain(X[:3])
