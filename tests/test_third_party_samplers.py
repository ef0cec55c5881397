"""What samplers of others give is counted, and what they give wrongly is said."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, Ridge

from sklime import FunctionRegressor, LimeExplainer
from sklime.kernels import ExponentialKernel, UniformKernel
from sklime.laws.product import ProductLaw
from sklime.samplers import (
    CoalitionSampler,
    GaussianSampler,
    MarginalSampler,
    Neighbourhood,
    Sampler,
    SequenceSampler,
    SuperpixelSampler,
    TokenSampler,
)
from tests.third_party import SameValue, StatesItsLaw

X = np.random.default_rng(0).choice([0.0, 1.0, 2.0], (90, 3), p=[0.5, 0.3, 0.2])
FOREST = RandomForestRegressor(10, random_state=0).fit(
    X, 2.0 * X[:, 0] * X[:, 1] + (X[:, 2] == 1.0) - X[:, 0]
)
KERNEL = ExponentialKernel(1.0, metric="euclidean")
NARROW = ExponentialKernel(0.4, metric="euclidean")
TEXTS = ["a good film", "a very bad film indeed"]
LENGTHS_OF_TEXTS = LimeExplainer(
    FunctionRegressor(lambda texts: np.array([len(text) ** 2.0 for text in texts]))
)


# Masses, and draws that are all there are


class Heavy(Sampler):
    """Keep or zero two columns; both kept has ten times the mass.

    Rows whose first value is above `enumerated_above` get all four points instead.
    """

    def __init__(self, enumerated_above=np.inf, n_draws=None):
        self.enumerated_above = enumerated_above
        self.n_draws = n_draws

    def fit(self, X, y=None, sample_weight=None):
        self.n_features_in_ = X.shape[1]
        self.binary_features_ = np.ones(2, dtype=bool)
        self.default_metric_, self.default_width_ = "euclidean", 1.0
        return self

    def sample(self, X, n_samples=4096, random_state=None):
        return [self._around(x, n_samples) for x in X]

    def reference(self, X, n_samples=512):
        return self.sample(X, n_samples)

    def interpret(self, X, row):
        return np.asarray(X) == row

    def _around(self, x, n_samples):
        drawn = np.random.default_rng(0).random((n_samples, 2)) < 0.5
        whole = bool(x[0] > self.enumerated_above)
        Z = np.array(list(product([False, True], repeat=2))) if whole else drawn
        masses = np.where(Z.all(axis=1), 10.0, 1.0)
        own = masses, None, whole, self.n_draws
        return Neighbourhood(np.where(Z, x, 0.0), Z, np.ones(2), *own)


PRODUCT = FunctionRegressor(lambda X: X[:, 0] * X[:, 1])
ROWS = np.array([[1.0, 1.0], [-1.0, 1.0], [2.0, 3.0], [-0.5, 2.0]])


def explained_by_masses(**parameters):
    sampler = parameters.pop("sampler", Heavy())
    setting = {"sampler": sampler, "kernel": UniformKernel(), "random_state": 0}
    return LimeExplainer(PRODUCT, **(setting | parameters)).fit(ROWS)


@pytest.mark.parametrize("kernel", [UniformKernel(), ExponentialKernel(2.0)], ids=str)
@pytest.mark.parametrize("n_samples", [64, 4096])
def test_masses_weigh_draws_as_scikit_learn_does(kernel, n_samples):
    explainer = explained_by_masses(kernel=kernel, n_samples=n_samples)
    found = explainer.explain(ROWS)
    for i, around in enumerate(Heavy().fit(ROWS).sample(ROWS, n_samples)):
        weights = around.masses * explainer.kernel_(around.design, around.position)
        ridge = Ridge(alpha=1.0)
        y = around.inputs.prod(axis=1)
        ridge.fit(around.design, y, sample_weight=weights / weights.mean())
        # Single precision, 5e-6 of the answers' spread, over the units' variances.
        own = {"atol": 1e-4 * np.abs(y).max()}
        np.testing.assert_allclose(found.values[i], ridge.coef_, **own)
        np.testing.assert_allclose(found.intercepts[i], ridge.intercept_, **own)
        size = weights.sum() ** 2 / np.square(weights).sum()
        np.testing.assert_allclose(found.effective_sample_sizes[i], size, rtol=1e-5)


def test_masses_are_no_formality():
    # With equal masses both columns would have 1/2.
    values = explained_by_masses().transform(ROWS[:1])
    np.testing.assert_allclose(values, [[0.65, 0.65]], atol=0.02)


def test_masses_count_up_to_a_common_factor():
    class Scaled(Heavy):
        def sample(self, X, n_samples=4096, random_state=None):
            found = super().sample(X, n_samples)
            return [replace(own, masses=own.masses * 2.0**-40) for own in found]

    found = explained_by_masses(sampler=Scaled()).transform(ROWS)
    np.testing.assert_array_equal(found, explained_by_masses().transform(ROWS))


def test_users_surrogates_and_selectors_see_the_masses():
    explainer = explained_by_masses(surrogate=LinearRegression())
    [around] = Heavy().fit(ROWS).sample(ROWS[:1])
    y = around.inputs.prod(axis=1)
    expected = LinearRegression().fit(around.design, y, around.masses).coef_
    np.testing.assert_allclose(explainer.transform(ROWS[:1]), [expected], rtol=1e-9)


def test_penalty_is_one_draw_of_those_that_points_stand_for():
    sampler = Heavy(enumerated_above=np.inf, n_draws=10**6)
    explainer = explained_by_masses(sampler=sampler, n_samples=64)
    [around] = sampler.fit(ROWS).sample(ROWS[:1], 64)
    y = around.inputs.prod(axis=1)
    expected = LinearRegression().fit(around.design, y, around.masses).coef_
    np.testing.assert_allclose(explainer.transform(ROWS[:1]), [expected], atol=1e-5)


def test_exhaustive_samples_are_least_squares_without_a_penalty():
    explainer = explained_by_masses(sampler=Heavy(enumerated_above=-np.inf))
    found = explainer.explain(ROWS, uncertainty=True)
    for i, around in enumerate(Heavy(-np.inf).fit(ROWS).sample(ROWS)):
        y = around.inputs.prod(axis=1)
        fit = LinearRegression().fit(around.design, y, around.masses)
        np.testing.assert_allclose(found.values[i], fit.coef_, rtol=1e-10)
        np.testing.assert_allclose(found.intercepts[i], fit.intercept_, rtol=1e-10)
        score = fit.score(around.design, y, around.masses)
        np.testing.assert_allclose(found.scores[i], score, rtol=1e-10)
    np.testing.assert_array_equal(found.standard_errors, 0.0)
    assert found.meta["method"] == "sampling"


@pytest.mark.parametrize("enumerated", [False, True], ids=["drawn", "enumerated"])
def test_rows_with_and_without_exhaustive_samples_do_not_disturb_each_other(enumerated):
    explainer = explained_by_masses(sampler=Heavy(enumerated_above=0.0), n_samples=100)
    rows = ROWS if enumerated else ROWS[::-1]
    together = explainer.explain(rows, uncertainty=True)
    assert (together.standard_errors[rows[:, 0] > 0] == 0.0).all()
    assert (together.standard_errors[rows[:, 0] < 0] > 0.0).all()
    for i in range(len(rows)):
        alone = explainer.explain(rows[[i]], uncertainty=True)
        for field in ("values", "standard_errors", "scores", "effective_sample_sizes"):
            np.testing.assert_array_equal(
                getattr(together, field)[i], getattr(alone, field)[0], err_msg=field
            )
    [around] = Heavy().fit(ROWS).sample(ROWS[[1]], 100)
    y = around.inputs.prod(axis=1)
    masses = around.masses / around.masses.mean()
    expected = Ridge(alpha=1.0).fit(around.design, y, sample_weight=masses).coef_
    drawn = together.values[np.flatnonzero((rows == ROWS[1]).all(axis=1))[0]]
    np.testing.assert_allclose(drawn, expected, atol=2e-5)


# What is given wrongly


def with_samples(change):
    class Changed(SameValue):
        def sample(self, X, n_samples=4096, random_state=None):
            found = super().sample(X, n_samples, random_state)
            return change(found)

    return Changed()


def each(**parts):
    return lambda found: [
        replace(own, **{name: part(own) for name, part in parts.items()}) for own in found
    ]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            each(masses=lambda own: np.linspace(-0.5, 1.0, len(own))),
            ValueError,
            r"masses of a sample of Changed\(\) hold -0.5.*at least 0",
        ),
        (
            each(masses=lambda own: np.where(np.arange(len(own)) == 3, np.nan, 1.0)),
            ValueError,
            r"masses of a sample of Changed\(\) hold nan.*finite",
        ),
        (
            each(masses=lambda own: np.full(len(own), np.inf)),
            ValueError,
            r"masses of a sample of Changed\(\) hold inf.*finite",
        ),
        (
            each(masses=lambda own: np.zeros(len(own))),
            ValueError,
            r"masses of a sample of Changed\(\) are all zero; at least one",
        ),
        (
            each(masses=lambda own: np.ones(len(own) - 1)),
            ValueError,
            r"Changed\(\) gave a sample with 63 masses for a design of 64 points",
        ),
        (
            each(masses=lambda own: np.ones((len(own), 1))),
            ValueError,
            r"Changed\(\) gave a sample with 64 x 1 masses for a design of 64 points",
        ),
        (
            each(groups=lambda own: np.arange(7)),
            ValueError,
            r"Changed\(\) gave a sample with 7 groups for a design of 64 points",
        ),
        (
            each(inputs=lambda own: own.inputs[1:]),
            ValueError,
            r"Changed\(\) gave a sample with 63 inputs for a design of 64 points",
        ),
        (
            each(position=lambda own: np.ones(2)),
            ValueError,
            r"Changed\(\) gave a sample whose position has shape \(2,\).*shape \(3,\)",
        ),
        (
            each(position=lambda own: np.ones((1, 3))),
            ValueError,
            r"Changed\(\) gave a sample whose position has shape \(1, 3\)",
        ),
        (
            each(design=lambda own: own.design[:, 0]),
            ValueError,
            r"Changed\(\) gave a design of shape \(64,\).*\(n_samples, n_units\)",
        ),
        (
            lambda found: found[:-1],
            ValueError,
            r"Changed\(\) gave 3 samples for 4 rows; it gives one a row",
        ),
        (
            lambda found: [own.inputs for own in found],
            TypeError,
            r"Changed\(\) gave ndarray in place of a Neighbourhood",
        ),
    ],
)
def test_samples_that_do_not_fit_together_are_refused(change, error, message):
    explainer = LimeExplainer(FOREST, sampler=with_samples(change), n_samples=64)
    explainer.fit(X)
    with pytest.raises(error, match=message):
        explainer.transform(X[:4])


class StatesOtherMasses(StatesItsLaw):
    """Says that later ones of the sorted training rows are drawn more often."""

    def law(self, row):
        law = super().law(row)
        masses = [np.linspace(1, 2, len(column.masses)) for column in law.columns]
        pairs = zip(law.columns, masses, strict=True)
        return ProductLaw(tuple(replace(c, masses=m / m.sum()) for c, m in pairs))

    def fit(self, X, y=None, sample_weight=None):
        order = np.lexsort(X.T)
        return super().fit(np.asarray(X)[order], y, sample_weight)


class DrawsWholeRows(StatesItsLaw):
    """Columns follow the stated law one by one, yet are not independent."""

    # Stated again, of these draws.
    law = StatesItsLaw.law

    def sample(self, X, n_samples=4096, random_state=None):
        seed = np.random.default_rng(random_state)
        inputs = seed.choice(self.values_, n_samples, p=self.masses_)
        return [Neighbourhood(inputs, inputs == x, np.ones(3)) for x in X]


class StatesTooFewColumns(StatesItsLaw):
    def law(self, row):
        return ProductLaw(super().law(row).columns[:2])


class StatesNoLaw(StatesItsLaw):
    def law(self, row):
        return list(super().law(row).columns)


class StatesMassesBelowZero(StatesItsLaw):
    def law(self, row):
        columns = super().law(row).columns
        return ProductLaw(tuple(replace(c, masses=c.masses - 0.02) for c in columns))


class StatesShiftedValues(StatesItsLaw):
    """Says rightly how often values are the row's own, yet not which values there are."""

    def law(self, row):
        columns = super().law(row).columns
        return ProductLaw(tuple(replace(c, values=c.values + 0.25) for c in columns))


# X with columns that depend on each other, so that whole rows are no independent columns.
DEPENDENT = np.column_stack([X[:, 0], X[:, 0], X[:, 2]])
LIES = [
    (
        StatesOtherMasses(),
        X,
        ValueError,
        r"does not draw from the law that it states: colu",
    ),
    (DrawsWholeRows(), DEPENDENT, ValueError, r"columns 0 and 1 both match in .* Mend law"),
    (StatesShiftedValues(), X, ValueError, r"draws of column 0 .* Mend law\(row\)"),
    (StatesTooFewColumns(), X, ValueError, "states a law of 2 columns for a row of 3"),
    (StatesNoLaw(), X, TypeError, r"StatesNoLaw\(\) states list as its law"),
    (StatesMassesBelowZero(), X, ValueError, r"masses of column 0 in the law .* -0\.0"),
]


@pytest.mark.parametrize("method", ["auto", "exact"])
@pytest.mark.parametrize(("sampler", "table", "error", "message"), LIES)
def test_a_law_that_is_not_that_of_the_draws_is_refused(
    method, sampler, table, error, message
):
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=KERNEL, method=method)
    with pytest.raises(error, match=message):
        explainer.fit(table)


@pytest.mark.parametrize(("sampler", "table", "error", "message"), LIES)
def test_nothing_is_drawn_from_a_law_that_is_not_that_of_the_draws(
    sampler, table, error, message
):
    black_box = FunctionRegressor(FOREST.predict)
    setting = {"method": "sampling", "weighting": "tilted", "random_state": 0}
    explainer = LimeExplainer(black_box, sampler=sampler, kernel=NARROW, **setting)
    explainer.fit(table)
    with pytest.raises(error, match=message):
        explainer.transform(table[:3])


# Laws that are stated rightly


def limit(predict, sampler, kernel, rows):
    """Weighted least squares over the grid of all values, by the columns' frequencies."""
    values, counts = zip(
        *(np.unique(column, return_counts=True) for column in X.T), strict=True
    )
    grid = np.array(list(product(*values)))
    masses = np.prod(list(product(*counts)), axis=1)
    found = []
    for row in rows:
        Z = np.asarray(sampler.interpret(grid, row[np.newaxis]), dtype=float)
        weights = masses * kernel(Z, np.ones(3))
        found.append(LinearRegression().fit(Z, predict(grid), weights).coef_)
    return np.array(found)


class Thirds(MarginalSampler):
    """The same by another name, and with other defaults."""

    def __init__(self, n_bins=3, sequence="lhs"):
        super().__init__(n_bins=n_bins, sequence=sequence)


STATING = [StatesItsLaw(), StatesItsLaw(edge=0.5), Thirds(), Thirds(n_bins=2)]


@pytest.mark.parametrize("sampler", STATING, ids=str)
@pytest.mark.parametrize("kernel", [KERNEL, NARROW, UniformKernel()], ids=str)
def test_closed_forms_serve_any_sampler_of_independent_columns(sampler, kernel):
    explainer = LimeExplainer(FOREST, sampler=sampler, kernel=kernel, method="exact")
    found = explainer.fit(X).explain(X[:8], uncertainty=True)
    fitted = explainer.sampler_
    expected = limit(FOREST.predict, fitted, explainer.kernel_, X[:8])
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert found.meta["method"] == "exact"
    assert not found.standard_errors.any()


def test_a_renamed_sampler_is_explained_to_the_bit():
    renamed = LimeExplainer(FOREST, sampler=Thirds(), random_state=0).fit(X)
    given = MarginalSampler(n_bins=3, sequence="lhs")
    same = LimeExplainer(FOREST, sampler=given, random_state=0).fit(X)
    assert renamed.method_ == same.method_ == "exact"
    np.testing.assert_array_equal(renamed.transform(X), same.transform(X))


@pytest.mark.parametrize("sampler", STATING, ids=str)
@pytest.mark.parametrize("weighting", ["auto", "tilted"])
def test_narrow_kernels_draw_from_the_stated_law(sampler, weighting):
    def predict(X):
        return np.sin(2.0 * X[:, 0] * X[:, 1]) + X[:, 2] * X[:, 0]

    setting = {"method": "sampling", "weighting": weighting, "random_state": 0}
    own = {"sampler": sampler, "kernel": ExponentialKernel(0.4, metric="euclidean")}
    explainer = LimeExplainer(FunctionRegressor(predict), **own, **setting).fit(X)
    found = explainer.explain(X[:8], uncertainty=True)
    expected = limit(predict, explainer.sampler_, explainer.kernel_, X[:8])
    # Standard errors of eight scrambles have the long tails of Student's t.
    missed = np.abs(found.values - expected) / found.standard_errors
    assert missed.max() < 6.0
    assert found.standard_errors.max() < 0.2
    sizes = found.effective_sample_sizes
    # Bins of an edge leave no row too few draws; values leave some, "tilted" draws all.
    assert (sizes == 4096).any() or sampler == StatesItsLaw(edge=0.5)
    assert (sizes == 4096).all() == (weighting == "tilted")


def test_stated_laws_of_values_have_no_closed_form():
    class Differences(StatesItsLaw):
        """Says how far values are from the row's own."""

        def law(self, row):
            law = super().law(row)
            pairs = zip(law.columns, np.ravel(row), strict=True)
            return ProductLaw(tuple(replace(c, deviations=c.values - x) for c, x in pairs))

    explainer = LimeExplainer(FOREST, sampler=Differences(), kernel=KERNEL, method="exact")
    with pytest.raises(ValueError, match="states laws that compare no bins"):
        explainer.fit(X)


class FirstColumnTwice(MarginalSampler):
    """Overrides the draws, and inherits the law of others."""

    def sample(self, X, n_samples=4096, random_state=None):
        found = []
        for row, around in zip(X, super().sample(X, n_samples, random_state), strict=True):
            inputs = around.inputs.copy()
            inputs[:, 1] = inputs[:, 0]
            design = self.interpret(inputs, row[np.newaxis])
            found.append(replace(around, inputs=inputs, design=design))
        return found


def test_draws_of_a_subclass_are_not_those_of_an_inherited_law():
    explainer = LimeExplainer(
        FOREST, sampler=FirstColumnTwice(n_bins=3), kernel=KERNEL, random_state=0
    ).fit(X)
    assert explainer.method_ == "sampling"
    found = explainer.explain(X[:4])
    samples = explainer.sampler_.sample(X[:4], 4096, random_state=explainer._seed)
    for values, around in zip(found.values, samples, strict=True):
        weights = explainer.kernel_(around.design, around.position)
        ridge = Ridge(alpha=1.0)
        y = FOREST.predict(around.inputs)
        ridge.fit(around.design, y, sample_weight=weights / weights.mean())
        np.testing.assert_allclose(values, ridge.coef_, atol=1e-4)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"method": "exact"}, "states no law of the columns that it draws"),
        ({"method": "sampling", "weighting": "tilted"}, "no law to draw from"),
    ],
)
def test_an_inherited_law_is_not_used_where_draws_are_overridden(setting, message):
    explainer = LimeExplainer(FOREST, sampler=FirstColumnTwice(n_bins=3), **setting)
    with pytest.raises(ValueError, match=message):
        explainer.fit(X)


# Masks of another author's own, and laws stated in place of the built-in ones


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"masses": lambda own: -own.masses}, "masses .* hold -"),
        ({"masses": lambda own: own.masses[:-1]}, r"with \d+ masses for a design of \d+"),
        ({"position": lambda own: np.ones(9)}, "position has shape"),
    ],
)
def test_masks_that_do_not_hold_together_are_refused(changes, message):
    class OwnMasks(TokenSampler):
        def masks(self, n_units, n_samples, random_state=None, kernel=None):
            own = super().masks(n_units, n_samples, random_state, kernel)
            return replace(own, **{part: change(own) for part, change in changes.items()})

    with pytest.raises(ValueError, match=message):
        LENGTHS_OF_TEXTS.set_params(sampler=OwnMasks()).fit(TEXTS).transform(TEXTS)


def test_masks_without_masses_are_equally_likely():
    class NoMasses(TokenSampler):
        def masks(self, n_units, n_samples, random_state=None, kernel=None):
            own = super().masks(n_units, n_samples, random_state, kernel)
            return replace(own, masses=None, n_draws=None)

    class EqualMasses(TokenSampler):
        def masks(self, n_units, n_samples, random_state=None, kernel=None):
            own = super().masks(n_units, n_samples, random_state, kernel)
            return replace(own, masses=np.ones(len(own)), n_draws=len(own))

    answers = [
        LENGTHS_OF_TEXTS.set_params(sampler=sampler()).fit(TEXTS).transform(TEXTS).toarray()
        for sampler in (NoMasses, EqualMasses)
    ]
    # Sums of a few hundred terms, in an order that the two need not share.
    np.testing.assert_allclose(*answers, rtol=1e-12)
    assert np.abs(answers[0]).max() > 0


def test_draws_of_a_sampler_that_hides_units_come_from_its_masks_alone():
    class OwnDraws(TokenSampler):
        def sample(self, X, n_samples=4096, random_state=None):
            return super().sample(X, n_samples, random_state)[::-1]

    sampler = OwnDraws().fit(TEXTS)
    assert len(sampler.sample(TEXTS, 9)) == 2
    with pytest.raises(TypeError, match=r"OwnDraws overrides sample, .* override masks"):
        LENGTHS_OF_TEXTS.set_params(sampler=sampler).fit(TEXTS)


def test_a_law_stated_in_place_of_a_built_in_one_is_compared_with_the_draws():
    class StatesAnother(MarginalSampler):
        def law(self, row):
            law = super().law(row)
            masses = [np.linspace(1, 2, len(column.masses)) for column in law.columns]
            pairs = zip(law.columns, masses, strict=True)
            return ProductLaw(tuple(replace(c, masses=m / m.sum()) for c, m in pairs))

    with pytest.raises(ValueError, match="does not draw from the law that it states"):
        LimeExplainer(FOREST, sampler=StatesAnother()).fit(X).transform(X[:3])


@pytest.mark.parametrize(
    "matched", [np.ones(3, dtype=bool), property(lambda self: np.ones(3, dtype=bool))]
)
def test_an_older_name_may_be_an_attribute_or_a_property_of_the_class(matched):
    class Old(SameValue):
        matched_ = matched
        default_metric_, default_width_ = "cosine", 0.25

        def fit(self, X, y=None, sample_weight=None):
            self.values_, self.masses_ = X, np.full(len(X), 1.0 / len(X))
            self.n_features_in_ = X.shape[1]
            return self

    setting = {"kernel": KERNEL, "random_state": 0}
    old = LimeExplainer(FOREST, sampler=Old(), **setting).fit(X)
    new = LimeExplainer(FOREST, sampler=SameValue(), **setting).fit(X)
    np.testing.assert_array_equal(old.sampler_.binary_features_, new.sampler_.matched_)
    np.testing.assert_array_equal(old.transform(X[:3]), new.transform(X[:3]))


TABULAR = MarginalSampler(), GaussianSampler()
COALITIONS = CoalitionSampler(background=X[:2])


@pytest.mark.parametrize(
    ("sampler", "method"),
    [
        *product(TABULAR, ("units", "conditions", "restore", "varies")),
        *product([COALITIONS], ("rows", "conditions", "restore")),
        *product([SuperpixelSampler(), SequenceSampler()], ("rows", "restore")),
    ],
    ids=lambda case: case if isinstance(case, str) else type(case).__name__,
)
def test_an_unfitted_sampler_says_so(sampler, method):
    rows = () if method == "varies" else (X,)
    with pytest.raises(NotFittedError):
        getattr(sampler, method)(*rows)
