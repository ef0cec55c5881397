"""What goes wrong in an analyst's hands: a clear error or a named warning, never a zero."""

import warnings
from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel, SelectKBest, f_regression
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from sklime import FunctionClassifier, FunctionRegressor, LimeExplainer
from sklime.exceptions import NeighbourhoodWarning, SelectionWarning, UnknownValueWarning
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.samplers import GaussianSampler, MarginalSampler
from sklime.selectors import (
    AllFeatures,
    AutoSelector,
    ForwardSelection,
    HighestWeights,
    LassoPath,
)
from tests.ids import shown

X = np.random.default_rng(0).normal(size=(200, 3))
SLOPES = np.array([3.0, -2.0, 1.0])


def plane(X):
    return np.nan_to_num(np.asarray(X, dtype=float)) @ SLOPES


def first(X):
    return np.asarray(X)[:, 0].astype(float)


def explainer(model=plane, **params):
    params = {"n_samples": 256, "random_state": 0} | params
    return LimeExplainer(FunctionRegressor(model) if callable(model) else model, **params)


def frame(**columns):
    return pd.DataFrame(X, columns=["a", "b", "c"]).assign(**columns)


@pytest.fixture
def told():
    """Count the warnings of a call by their class."""

    def count(call):
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            call()
        return [warning.category for warning in given]

    return count


# ------------------------------------------------------------------------------- tables

CONTAINERS = [np.asarray, pd.DataFrame, pl.DataFrame, sparse.csr_matrix]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("n_rows", [0, 1])
def test_a_table_without_two_rows_cannot_be_learned_from(container, n_rows):
    with pytest.raises(
        ValueError, match=rf"{n_rows} (sample|row).*(minimum of|at least) 2"
    ):
        explainer().fit(container(X[:n_rows]))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_matrix])
def test_a_table_without_columns_cannot_be_learned_from(container):
    with pytest.raises(ValueError, match=r"0 (feature|column)"):
        explainer().fit(container(X[:, :0]))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_matrix])
@pytest.mark.parametrize("method", ["transform", "explain", "score"])
def test_no_rows_cannot_be_explained(container, method):
    fitted = explainer(lambda X: np.ones(X.shape[0])).fit(container(X))
    with pytest.raises(ValueError, match=r"0 (sample|row).*(minimum of|at least) 1"):
        getattr(fitted, method)(container(X[:0]))


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame, sparse.csr_matrix])
@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("method", ["transform", "explain", "score"])
def test_a_wrong_number_of_columns_is_told(container, width, method):
    fitted = explainer(lambda X: np.ones(X.shape[0])).fit(container(X))
    other = container(np.hstack([X, X])[:5, :width])
    with pytest.raises(ValueError, match=rf"{width} features.*expecting 3 features"):
        getattr(fitted, method)(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda X: X.rename(columns={"a": "z"}),
        lambda X: X[["c", "b", "a"]],
        lambda X: X[["a", "b"]],
        lambda X: X.assign(d=1.0),
    ],
    ids=["renamed", "reordered", "missing", "new"],
)
@pytest.mark.parametrize("convert", [lambda X: X, pl.from_pandas], ids=["pandas", "polars"])
def test_other_columns_than_in_training_are_told(change, convert):
    fitted = explainer().fit(convert(frame()))
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(convert(change(frame())))


def test_columns_named_by_numbers_have_an_order_too():
    table = pd.DataFrame(X)
    fitted = explainer().fit(table)
    with pytest.raises(ValueError, match=r"(?i)columns|feature names"):
        fitted.transform(table[[2, 1, 0]])


def test_the_model_must_know_the_columns():
    model = LinearRegression().fit(X[:, :2], X[:, 0])
    with pytest.raises(ValueError, match=r"3 columns.*LinearRegression.*2"):
        LimeExplainer(model).fit(X)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (X[0], "2D array"),
        (pd.Series(X[0]), "2-dimensional"),
        (X[:4, :, np.newaxis], "dim 3"),
        (None, "2D array"),
        ("table.csv", "2D array"),
        (X * 1j, "Complex"),
        (np.array([[{}, 1.0], [{}, 2.0]], dtype=object), "dict.*'x0'"),
        (np.array([[2**60, 1], [3, 4]]), r"2\*\*53.*'x0'"),
        (np.array([[2**60, 1], [3, 4]], dtype=np.uint64), r"2\*\*53.*'x0'"),
        (frame(b=2**60), r"2\*\*53.*'b'"),
        (frame(b=[[1]] * 200), "list.*'b'"),
        (frame(b=1j), "complex.*'b'"),
        (
            frame().set_axis(["a", "a", "c"], axis=1),
            "(?s)'a'.* 2 times|'a'.*more than once",
        ),
    ],
    ids=str,
)
def test_what_is_no_table_of_numbers_and_words_is_refused(table, message):
    with pytest.raises(Exception, match=message) as raised:
        explainer(lambda X: np.ones(len(X))).fit(table)
    # Narwhals, which scikit-learn reads frames with, has an error of its own for names.
    assert isinstance(raised.value, (TypeError, ValueError)) or "Duplicate" in str(
        raised.type
    )


@pytest.mark.parametrize("container", [*CONTAINERS, lambda X: X.astype(object)])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("when", ["fit", "transform"])
def test_infinities_are_refused(container, value, when):
    rows = X.copy()
    rows[3, 1] = value
    fitted = explainer(lambda X: np.ones(X.shape[0])).fit(container(X))
    with pytest.raises(ValueError, match=r"(?i)inf"):
        getattr(fitted, when)(container(rows))


# ----------------------------------------------------------------------- unknown values


def worth(X):
    return (X["city"] == "Rom").to_numpy() + X["a"].to_numpy()


def test_an_unknown_category_is_an_error_where_wanted():
    table = frame(city=["Ulm", "Rom"] * 100)
    rows = table[:3].assign(city=["Rom", "Bonn", "Bonn"])
    strict = explainer(worth, sampler=MarginalSampler(handle_unknown="error")).fit(table)
    with pytest.raises(ValueError, match=r"2 row.*'city'.*Set handle_unknown=\"ask\""):
        strict.transform(rows)
    tolerant = explainer(worth, sampler=MarginalSampler(handle_unknown="ignore")).fit(table)
    with pytest.warns(UnknownValueWarning, match=r"'city' \(2 rows\).*0"):
        found = tolerant.transform(rows)
    assert found[1:, 3].tolist() == [0.0, 0.0]
    # The others are what they are beside a known city, but for the weights of draws.
    known = tolerant.transform(table[:3])
    np.testing.assert_allclose(found[0], known[1] * [0, 0, 0, 1] + found[0] * [1, 1, 1, 0])
    np.testing.assert_allclose(found[1:, :3], known[1:, :3], atol=0.05)
    with pytest.warns(UnknownValueWarning, match="'city'"):
        told = tolerant.explain(rows)
    assert "city" in told.conditions[1][3]
    assert "never seen" in told.conditions[1][3]
    assert all("city" not in condition for condition, _ in told.as_list(1))


def test_unknown_values_in_several_columns_are_all_named():
    table = frame(city=["Ulm", "Rom"] * 100, color=["red", "blue"] * 100)
    rows = table[:2].assign(city="Bonn", color="mauve")
    strict = explainer(worth, sampler=MarginalSampler(handle_unknown="error")).fit(table)
    with pytest.raises(ValueError, match="'city', 'color'"):
        strict.transform(rows)


@pytest.mark.parametrize("n_bins", [4, None])
@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_a_gap_that_training_never_had_is_an_unknown_value(n_bins, container):
    rows = X[:2].copy()
    rows[0, 1] = np.nan
    strict = MarginalSampler(n_bins=n_bins, handle_unknown="error")
    with pytest.raises(ValueError, match=r"1 row.*(missing|NaN).*handle_unknown"):
        explainer(sampler=strict).fit(container(X)).transform(container(rows))
    tolerant = MarginalSampler(n_bins=n_bins, handle_unknown="ignore")
    with pytest.warns(UnknownValueWarning, match=r"\(1 rows\)"):
        found = explainer(sampler=tolerant).fit(container(X)).transform(container(rows))
    assert found[0, 1] == 0.0
    assert (found[:, [0, 2]] != 0.0).all()


def test_a_column_without_any_value_is_told_in_fit_and_gets_zero():
    table = frame(gone=np.nan)
    with pytest.warns(UnknownValueWarning, match=r"'gone' has no observed value.*drop"):
        fitted = explainer(lambda X: plane(X[["a", "b", "c"]])).fit(table)
    assert fitted.transform(table[:5])[:, 3].tolist() == [0.0] * 5
    # The model knows what a value there means: nothing.
    assert fitted.transform(frame(gone=1.0)[:5])[:, 3].tolist() == [0.0] * 5
    strict = MarginalSampler(handle_unknown="error")
    with pytest.warns(UnknownValueWarning, match="'gone'"):
        fitted.set_params(sampler=strict).fit(table)
    with pytest.raises(ValueError, match=r"'gone'.*handle_unknown"):
        fitted.transform(frame(gone=1.0)[:5])
    with pytest.raises(ValueError, match=r"'gone'.*drop"):
        fitted.set_params(sampler=MarginalSampler(n_bins=None)).fit(table)


def test_a_gaussian_sampler_cannot_stand_at_a_gap():
    table = frame(b=np.where(np.arange(200) % 5, X[:, 1], np.nan))
    for center, unknown in product(("mean", "instance"), ("error", "ignore")):
        sampler = GaussianSampler(center=center, handle_unknown=unknown)
        fitted = explainer(sampler=sampler).fit(table)
        with pytest.raises(ValueError, match=r"2 row.*'b'.*MarginalSampler"):
            fitted.transform(table[:10])
        assert np.isfinite(fitted.transform(table[1:5])).all()


# ------------------------------------------------------------------ thin neighbourhoods


def test_fewer_draws_than_columns_are_told():
    wide = np.random.default_rng(0).normal(size=(50, 300))
    fitted = explainer(first, n_samples=64).fit(wide)
    with pytest.warns(NeighbourhoodWarning, match=r"1 row.*64 draws.*n_samples"):
        found = fitted.transform(wide[:1])
    assert np.isfinite(found).all()


def test_three_hundred_columns_are_no_trouble():
    wide = np.random.default_rng(0).normal(size=(50, 300))
    found = explainer(first, n_samples=4096).fit(wide).transform(wide)
    assert (np.abs(found).argmax(axis=1) == 0).mean() > 0.9


def test_a_narrow_kernel_is_told(told):
    narrow = ExponentialKernel(width=0.3)
    fitted = explainer(kernel=narrow, sampler=GaussianSampler(), weighting="kernel").fit(X)
    rows = np.array([[2.5, 2.5, 2.5]])
    with pytest.warns(
        NeighbourhoodWarning, match=r"effective sample size.*Widen the kernel"
    ):
        explanation = fitted.explain(rows)
    assert explanation.effective_sample_sizes[0] < 3
    # Standardised columns have no bins that could be short of draws as well.
    assert told(lambda: fitted.explain(rows)) == [NeighbourhoodWarning]


def test_a_kernel_that_leaves_no_weight_gives_no_answer(told):
    wide = np.random.default_rng(0).normal(size=(60, 30))
    narrow = ExponentialKernel(width=0.01)
    fitted = explainer(first, kernel=narrow, weighting="kernel").fit(wide)
    with pytest.warns(
        NeighbourhoodWarning, match=r"no draw any weight for 5 row.*NaN.*Widen"
    ):
        found = fitted.transform(wide[:5])
    assert np.isnan(found).all()
    with pytest.warns(NeighbourhoodWarning, match="no draw any weight"):
        explanation = fitted.explain(wide[:5])
    assert np.isnan(explanation.scores).all()
    assert np.isnan(explanation.local_predictions).all()
    assert explanation.effective_sample_sizes.tolist() == [0.0] * 5
    with pytest.warns(NeighbourhoodWarning, match="no draw any weight"):
        assert np.isnan(fitted.score(wide[:5]))
    # One warning for a table, not one for a row.
    assert told(lambda: fitted.transform(wide)) == [NeighbourhoodWarning]


def test_draws_that_are_all_like_the_row_are_no_answer():
    # 4,096 draws fill all 64 cells; the kernel leaves nothing but the row's own cell, in
    # which no column varies, although the model reacts to each.
    narrow = {"kernel": ExponentialKernel(width=0.02), "n_samples": 4096}
    fitted = explainer(weighting="kernel", **narrow).fit(X)
    with pytest.warns(NeighbourhoodWarning, match="Widen the kernel"):
        fitted.transform(X[:1])
    # By default the model is asked about the other sides.
    cuts = np.quantile(X, [0.25, 0.5, 0.75], axis=0)
    bins = np.column_stack([np.searchsorted(*own) for own in zip(cuts.T, X.T, strict=True)])
    own = bins == bins[0]
    right = [x[z].mean() - x[~z].mean() for x, z in zip(X.T, own.T, strict=True)] * SLOPES
    found = explainer(**narrow).fit(X).explain(X[:1], uncertainty=True)
    assert (np.abs(found.values[0] - right) < 4.0 * found.standard_errors[0]).all()
    assert np.abs(found.values[0] - right).max() < 0.02 * np.abs(right).max()


def test_a_rare_category_is_named_where_its_draws_are_few():
    table = frame(city=["Ulm"] * 199 + ["Rom"])
    ignoring = MarginalSampler(handle_unknown="ignore")
    fitted = explainer(worth, n_samples=512, sampler=ignoring).fit(table)
    with pytest.warns(NeighbourhoodWarning, match=r"hardly any draw.*'city' \(10 rows\)"):
        explanation = fitted.explain(table[190:])
    assert explanation["city"].support[-1, 0] < 10
    few = explainer(worth, n_samples=16, sampler=ignoring).fit(table)
    with pytest.warns(UnknownValueWarning, match=r"'city' \(1 rows\).*too rare"):
        with pytest.warns(NeighbourhoodWarning, match="hardly any draw"):
            few.transform(table[199:])


@pytest.mark.parametrize(
    "sampler", [MarginalSampler(n_bins=None), GaussianSampler()], ids=["marginal", "normal"]
)
def test_small_effects_near_the_row_survive_large_ones_far_away(sampler):
    # exp(8 x) reaches 1e9, but less than 0.001 where the kernel leaves weight.
    def steep(X):
        return np.exp(8.0 * X[:, 0]) + X[:, 1]

    params = {"sampler": sampler, "kernel": ExponentialKernel(width=0.3), "n_samples": 4096}
    explanation = explainer(steep, **params).fit(X).explain(np.array([[-1.5, 0.5, 0.0]]))
    # The penalty of one draw takes 6 % of a coefficient where a hundred draws of variance
    # 0.1 count, and steep's own slope adds noise of a hundredth.
    np.testing.assert_allclose(explanation.values[0], [0.0, X[:, 1].std(), 0.0], atol=0.15)


def test_a_balanced_flag_in_standard_units_is_nothing_rare():
    # Its standardised values are exactly -1 and 1, with a mean of exactly 0.
    table = np.column_stack([np.tile([0.0, 1.0], 100), X[:, 1]])
    sampler = MarginalSampler(n_bins=None)
    fitted = explainer(first, sampler=sampler, kernel=UniformKernel()).fit(table)
    explanation = fitted.explain(table[:4])
    np.testing.assert_allclose(explanation.support, 256.0)
    np.testing.assert_allclose(explanation.values[:, 0], 0.5, rtol=0.01)


# --------------------------------------------------------------- selectors and surrogates


def test_a_selector_that_keeps_nothing_is_told():
    selector = SelectFromModel(Lasso(alpha=1e6))
    fitted = explainer(selector=selector).fit(X)
    with pytest.warns(
        SelectionWarning, match=r"SelectFromModel.*no feature for 5.*[Ll]oosen"
    ):
        explanation = fitted.explain(X[:5])
    assert (explanation.values == 0.0).all()
    # Control variates know the mean better than the draws that scores are taken on.
    np.testing.assert_allclose(explanation.scores, 0.0, atol=1e-3)
    np.testing.assert_array_equal(explanation.intercepts, explanation.local_predictions)


@pytest.mark.parametrize(
    "kind", [HighestWeights, ForwardSelection, LassoPath, AutoSelector]
)
@pytest.mark.parametrize("model", [plane, first, lambda X: (X[:, 0] > 0).astype(float)])
def test_more_features_than_there_are_is_all_of_them(kind, model):
    found = explainer(model, selector=kind(k=100)).fit(X).transform(X[:5])
    every = explainer(model).fit(X).transform(X[:5])
    # A feature that the lasso leaves out has next to no effect.
    np.testing.assert_allclose(found, every, atol=0.01 * np.abs(every).max())


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"selector": SelectKBest(f_regression)},
            ["selector", "SelectKBest", "sample_weight"],
        ),
        ({"selector": AllFeatures}, ["selector", "AllFeatures", "instance"]),
        ({"selector": 3}, ["selector=3"]),
        ({"selector": ForwardSelection(k=0)}, ["k=0", "ForwardSelection", "at least 1"]),
        ({"selector": HighestWeights(k=2.5)}, ["k=2.5", "HighestWeights"]),
        ({"selector": LassoPath(k="all")}, ["k='all'", "LassoPath"]),
        (
            {"surrogate": KNeighborsRegressor()},
            ["surrogate", "KNeighbors", "sample_weight"],
        ),
        ({"surrogate": RandomForestRegressor(2)}, ["surrogate", "RandomForest", "linear"]),
        ({"surrogate": Ridge}, ["surrogate", "Ridge", "instance"]),
        ({"surrogate": 3}, ["surrogate=3"]),
        ({"kernel": ExponentialKernel}, ["kernel", "ExponentialKernel", "instance"]),
        ({"kernel": 3}, ["kernel=3", "instance"]),
        ({"kernel": "gaussian"}, ["kernel='gaussian'"]),
        ({"kernel": ExponentialKernel(width=0)}, ["width=0", "above 0"]),
        ({"kernel": ExponentialKernel(width=-1.5)}, ["width=-1.5", "above 0"]),
        ({"kernel": ExponentialKernel(width=np.nan)}, ["width=nan", "above 0"]),
        ({"kernel": ExponentialKernel(width="wide")}, ["width='wide'", "number"]),
        ({"kernel": ExponentialKernel(width=[1, 2])}, ["width=[1, 2]", "number"]),
        ({"kernel": ExponentialKernel(metric="far")}, ["metric", "cosine"]),
        ({"sampler": MarginalSampler}, ["sampler", "MarginalSampler", "instance"]),
        ({"sampler": 3}, ["sampler=3"]),
        ({"sampler": MarginalSampler(n_bins=1)}, ["n_bins=1", "at least 2"]),
        ({"sampler": MarginalSampler(n_bins=2.5)}, ["n_bins=2.5", "integer"]),
        ({"sampler": MarginalSampler(n_bins="many")}, ["n_bins='many'", "integer"]),
        ({"sampler": MarginalSampler(binning="even")}, ["binning='even'", "quantile"]),
        ({"sampler": MarginalSampler(binning=3)}, ["binning=3", "quantile"]),
        ({"sampler": MarginalSampler(binning="entropy")}, ["entropy", "y"]),
        ({"sampler": MarginalSampler(sequence="halton")}, ["sequence='halton'", "sobol"]),
        ({"sampler": MarginalSampler(within="normal")}, ["within='normal'", "truncnorm"]),
        (
            {"sampler": MarginalSampler(handle_unknown=None)},
            ["handle_unknown=None", "ignore"],
        ),
        (
            {"sampler": MarginalSampler(within="truncnorm", n_bins=None)},
            ["truncnorm", "n_bins"],
        ),
        (
            {"sampler": MarginalSampler(categorical_features=[3])},
            ["categorical_features=[3]", "0..2"],
        ),
        (
            {"sampler": MarginalSampler(categorical_features=[-1])},
            ["categorical_features=[-1]", "0..2"],
        ),
        (
            {"sampler": MarginalSampler(categorical_features=[True])},
            ["categorical_features", "length 1", "3 columns"],
        ),
        (
            {"sampler": MarginalSampler(categorical_features=["size"])},
            ["categorical_features", "size"],
        ),
        (
            {"sampler": MarginalSampler(categorical_features="x0")},
            ["categorical_features='x0'", "from_dtype"],
        ),
        ({"sampler": GaussianSampler(center="row")}, ["center='row'", "instance"]),
        ({"sampler": GaussianSampler(scale=0)}, ["scale=0", "above 0"]),
        ({"sampler": GaussianSampler(scale=np.inf)}, ["scale=inf", "finite"]),
        ({"sampler": GaussianSampler(scale="wide")}, ["scale='wide'", "number"]),
        ({"n_samples": 1}, ["n_samples=1", "at least 2"]),
        ({"n_samples": 0}, ["n_samples=0", "at least 2"]),
        ({"n_samples": 10.0}, ["n_samples=10.0", "integer"]),
        ({"n_samples": True}, ["n_samples=True", "integer"]),
        ({"n_samples": "many"}, ["n_samples='many'", "integer"]),
        ({"target": "malignant"}, ["target='malignant'", "'y'"]),
        ({"target": 0}, ["target=0", "'y'"]),
        ({"target": None}, ["target=None", "'y'"]),
        ({"response_method": "proba"}, ["response_method='proba'", "predict_proba"]),
        ({"response_method": "predict_proba"}, ["response_method='predict_proba'", "no"]),
        ({"random_state": "seed"}, ["seed"]),
        ({"random_state": np.random.default_rng(0)}, ["Generator", "RandomState"]),
    ],
    ids=shown,
)
def test_an_error_names_the_parameter_its_value_and_the_cure(params, words):
    with pytest.raises((TypeError, ValueError)) as raised:
        explainer(**params).fit(X).transform(X[:2])
    for word in words:
        assert word in str(raised.value)


def test_a_class_is_no_model():
    with pytest.raises(TypeError, match=r"LinearRegression.*class"):
        LimeExplainer(LinearRegression).fit(X, X[:, 0])


def test_labels_of_another_length_are_told():
    sampler = MarginalSampler(binning="entropy")
    with pytest.raises(ValueError, match=r"(?i)inconsistent|length|samples"):
        explainer(sampler=sampler).fit(X, np.arange(50) % 2)
    with pytest.raises(ValueError, match=r"entropy.*continuous.*quantile"):
        explainer(sampler=sampler).fit(X, X[:, 0])


# ------------------------------------------------------------------------------- kernels


@pytest.mark.parametrize(
    ("weigh", "message"),
    [
        (lambda Z, z: -np.ones(len(Z)), r"negative.*-1\.0"),
        (lambda Z, z: np.full(len(Z), np.nan), "not finite.*nan"),
        (lambda Z, z: np.full(len(Z), np.inf), "not finite.*inf"),
        (lambda Z, z: np.ones((len(Z), 1)), r"shape \(256, 1\).*256 draws"),
        (lambda Z, z: np.ones(3), r"shape \(3,\).*256 draws"),
        (lambda Z, z: 1.0, r"shape \(\).*256 draws"),
        (lambda Z, z: None, "kernel"),
        (lambda Z, z: "heavy", "kernel"),
        (lambda Z, z: np.ones(len(Z)) * 1j, "kernel"),
    ],
)
def test_what_a_kernel_returns_is_checked(weigh, message):
    with pytest.raises((TypeError, ValueError), match=message) as raised:
        explainer(kernel=weigh).fit(X).transform(X[:2])
    assert "kernel" in str(raised.value)


def test_a_kernel_gets_numbers_to_reckon_with():
    # Of truth values, a sum would be an "or".
    summed = explainer(kernel=lambda Z, z: (Z + Z).sum(axis=1)).fit(X).explain(X[:3])
    doubled = explainer(kernel=lambda Z, z: (2.0 * Z).sum(axis=1)).fit(X).explain(X[:3])
    np.testing.assert_array_equal(summed.values, doubled.values)


def test_a_kernel_that_fails_fails_loudly():
    def broken(Z, z):
        raise ZeroDivisionError("my own mistake")

    with pytest.raises(ZeroDivisionError, match="my own mistake"):
        explainer(kernel=broken).fit(X).transform(X[:2])


@pytest.mark.parametrize("width", [1e-200, 1e-160, 1e200, np.inf])
def test_extreme_widths_mean_the_same_as_moderate_ones(width):
    # Nothing but the row itself counts, or everything alike.
    moderate = ExponentialKernel(width=0.01) if width < 1 else UniformKernel()
    Z, z = np.array([[0.0, 1.0], [1.0, 1.0], [5.0, 5.0]]), np.ones(2)
    np.testing.assert_allclose(ExponentialKernel(width=width)(Z, z), moderate(Z, z))


# -------------------------------------------------------------------------------- models


class Tired(Exception):
    """A model's own exception."""


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize(
    "sampler", [MarginalSampler(), GaussianSampler(center="instance")], ids=["pool", "own"]
)
def test_a_model_that_fails_half_way_raises_its_own_exception_with_a_note(sampler, n_jobs):
    calls = []

    def tiring(X):
        calls.append(len(X))
        if len(calls) > 2:
            raise Tired("no more")
        return X[:, 0]

    with pytest.raises(Tired, match="no more") as raised:
        explainer(tiring, sampler=sampler, n_jobs=n_jobs).fit(X).score(X[:50])
    [note] = raised.value.__notes__
    assert "FunctionRegressor.predict" in note
    assert "draws" in note


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_no_number_names_the_model_and_the_sample(bad):
    def holey(X):
        return np.where(X[:, 0] > 1.0, bad, 1.0)

    rows = X[X[:, 0] <= 1.0]
    with pytest.raises(ValueError, match=r"FunctionRegressor\.predict.*draw.*\[.*finite"):
        explainer(holey, sampler=GaussianSampler()).fit(rows)
    with pytest.raises(
        ValueError, match=r"FunctionRegressor\.predict.*row 1, .*\[.*finite"
    ):
        explainer(holey).fit(rows).explain(np.array([[0.0, 0, 0], [5.0, 6, 7]]))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda X: X[:-1, 0], r"shape \(\d+,\) for \d+ rows"),
        (lambda X: 1.0, "shape"),
        (lambda X: X[np.newaxis], "shape"),
        (lambda X: None, "FunctionRegressor"),
        (lambda X: ["high"] * len(X), r"not numbers|labels"),
    ],
)
def test_an_answer_of_another_shape_or_kind_names_the_model(answer, message):
    with pytest.raises((TypeError, ValueError), match=message) as raised:
        explainer(answer).fit(X)
    assert "FunctionRegressor.predict" in str(raised.value)


def test_a_class_that_does_not_exist_is_told_with_those_that_do():
    model = LogisticRegression().fit(X, np.where(X[:, 0] > 0, "sick", "well"))
    with pytest.raises(
        ValueError, match=r"target='ill'.*LogisticRegression.*'sick', 'well'"
    ):
        LimeExplainer(model, target="ill").fit(X)
    fitted = LimeExplainer(model, n_samples=64).fit(X)
    with pytest.raises(ValueError, match=r"target='ill'.*'sick', 'well'"):
        fitted.explain(X[:2], target="ill")
    with pytest.raises(ValueError, match=r"target='ill'"):
        fitted.set_params(target="ill").transform(X[:2])


def test_classes_that_do_not_fit_the_probabilities_are_told():
    model = FunctionClassifier(lambda X: np.full((len(X), 3), 1 / 3), classes=["a", "b"])
    with pytest.raises(ValueError, match=r"3 columns.*2"):
        LimeExplainer(model).fit(X)


@pytest.mark.parametrize("use", ["transform", "explain", "score", "get_feature_names_out"])
def test_nothing_works_before_fit(use):
    argument = () if use == "get_feature_names_out" else (X,)
    with pytest.raises(NotFittedError, match=r"LimeExplainer.*not fitted.*fit"):
        getattr(explainer(), use)(*argument)


def test_an_unfitted_model_needs_targets():
    with pytest.raises((TypeError, ValueError), match="y"):
        LimeExplainer(LinearRegression()).fit(X)


def test_a_fitted_model_cannot_be_changed_through_the_explainer():
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    with pytest.raises(ValueError, match=r"estimator__C=3.*clone"):
        LimeExplainer(model).set_params(estimator__C=3)


# --------------------------------------------------------------------------- sample weights


@pytest.mark.parametrize(
    "weights",
    [
        np.zeros(200),
        -np.ones(200),
        np.r_[np.nan, np.ones(199)],
        np.r_[np.inf, np.ones(199)],
        np.ones(199),
        np.ones((200, 1)),
        "heavy",
        3.0,
    ],
    ids=["zero", "negative", "nan", "inf", "short", "column", "word", "number"],
)
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises((TypeError, ValueError), match=r"(?i)weight|samples|dim|heavy"):
        explainer().fit(X, sample_weight=weights)


def test_rows_of_weight_zero_count_for_nothing():
    doubled = np.vstack([X, 100.0 * X])
    weights = np.repeat([1.0, 0.0], 200)
    weighted = explainer(n_samples=1024).fit(doubled, sample_weight=weights)
    plain = explainer(n_samples=1024).fit(X)
    np.testing.assert_allclose(weighted.transform(X[:9]), plain.transform(X[:9]))


# ---------------------------------------------------------------------- sizes and extremes


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
@pytest.mark.parametrize(
    "sampler",
    [
        MarginalSampler(),
        MarginalSampler(n_bins=None),
        MarginalSampler(within="truncnorm"),
        GaussianSampler(),
        GaussianSampler(center="instance"),
    ],
    ids=["bins", "standardised", "truncnorm", "mean", "instance"],
)
def test_the_unit_of_the_columns_does_not_matter(size, sampler):
    def model(X):
        return X / size @ SLOPES

    # Away from the overflow at 1.8e308, where draws would have no room.
    table = X / np.abs(X).max()
    found = explainer(model, sampler=sampler).fit(table * size).transform(table[:5] * size)
    plain = explainer(lambda X: X @ SLOPES, sampler=sampler).fit(table).transform(table[:5])
    # Rounding of values to other powers of two moves nothing but the last digits, in
    # single precision for 0/1 designs.
    np.testing.assert_allclose(found, plain, rtol=1e-4, atol=1e-6)


ANSWERS = pytest.mark.parametrize("size", [1e-300, 1e-150, 1e150, 1e300])
WAYS = pytest.mark.parametrize(
    "params",
    [
        {},
        {"selector": ForwardSelection(k=2)},
        {"selector": LassoPath(k=2)},
        {"sampler": GaussianSampler(center="instance")},
    ],
    ids=["bins", "forward", "lasso", "instance"],
)


@ANSWERS
@WAYS
def test_attributions_go_with_the_size_of_the_answers(size, params):
    large = explainer(lambda X: size * (X @ SLOPES), **params).fit(X).explain(X[:5])
    plain = explainer(lambda X: X @ SLOPES, **params).fit(X).explain(X[:5])
    # Single precision of the products of 0/1 designs.
    np.testing.assert_allclose(large.values / size, plain.values, rtol=1e-5)
    np.testing.assert_allclose(large.intercepts / size, plain.intercepts, rtol=1e-5)
    np.testing.assert_allclose(large.scores, plain.scores, rtol=1e-5)


@ANSWERS
@WAYS
def test_fidelity_does_not_depend_on_the_size_of_the_answers(size, params):
    large = explainer(lambda X: size * (X @ SLOPES), **params).fit(X).score(X[:5])
    plain = explainer(lambda X: X @ SLOPES, **params).fit(X).score(X[:5])
    np.testing.assert_allclose(large, plain, rtol=1e-5)


def test_a_large_constant_beside_small_effects_takes_only_their_last_digits():
    plain = explainer().fit(X).transform(X[:5])
    lifted = explainer(lambda X: 1e8 + plane(X)).fit(X)
    # Answers around 1e8 are rounded to 1.5e-8.
    np.testing.assert_allclose(lifted.transform(X[:5]), plain, atol=1e-5)
    np.testing.assert_allclose(
        lifted.score(X[:5]), explainer().fit(X).score(X[:5]), rtol=1e-5
    )


def test_a_model_that_learned_a_constant_has_nothing_to_explain():
    model = LinearRegression().fit(X, np.full(200, 5.1))
    fitted = explainer(model).fit(X)
    np.testing.assert_allclose(fitted.transform(X[:5]), 0.0, atol=1e-12)
    constant = explainer(lambda X: np.full(len(X), 0.1)).fit(X)
    assert (constant.transform(X[:5]) == 0.0).all()
    assert constant.score(X[:5]) == 1.0
    assert constant.explain(X[:5]).as_list(0) == []


def test_two_draws_are_enough_to_run_and_too_few_to_trust():
    fitted = explainer(n_samples=2).fit(X)
    assert fitted.n_samples_ == 8
    with pytest.warns((NeighbourhoodWarning, UnknownValueWarning)):
        found = fitted.transform(X[:5])
    assert np.isfinite(found).all()
    with pytest.warns((NeighbourhoodWarning, UnknownValueWarning)):
        plain = explainer(n_samples=2, sampler=MarginalSampler(sequence="random"))
        plain.fit(X).transform(X[:5])


def test_two_rows_are_enough():
    table = np.array([[-1.0, 5.0, 0.0], [1.0, 5.0, 0.0]])
    found = explainer(first, n_samples=4096).fit(table).transform(table)
    # Half of the draws are the one value, half the other: a difference of two.
    np.testing.assert_allclose(
        found, [[-2.0, 0.0, 0.0], [2.0, 0.0, 0.0]], rtol=2e-3, atol=1e-4
    )


def test_repeated_rows_change_nothing_but_their_share():
    once = explainer(n_samples=1024).fit(X).transform(X[:5])
    thrice = explainer(n_samples=1024).fit(np.repeat(X, 3, axis=0)).transform(X[:5])
    # Quantiles of repeated values fall on a value instead of between two.
    np.testing.assert_allclose(thrice, once, atol=0.1)
    same = np.tile(X[0], (50, 1))
    assert (explainer().fit(same).transform(same[:3]) == 0.0).all()


def test_a_value_outside_the_training_range_lies_in_the_outermost_bin():
    fitted = explainer().fit(X)
    far = np.array([[1e6, -1e6, 1e6]])
    edge = np.array([[X[:, 0].max(), X[:, 1].min(), X[:, 2].max()]])
    np.testing.assert_array_equal(fitted.transform(far), fitted.transform(edge))


def test_integers_at_the_limit_of_floats_are_kept_apart():
    top = 2**53 - 2
    table = np.column_stack([np.repeat([top, top + 1], 50), np.arange(100)])
    model = FunctionRegressor(lambda X: (X[:, 0] == top + 1).astype(float))
    found = LimeExplainer(model, random_state=0).fit(table).transform(table[[0, 99]])
    np.testing.assert_allclose(found[:, 0], [-1.0, 1.0], rtol=2e-3)
