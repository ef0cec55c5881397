"""The checks of `sklime.testing` accept honest components and find each fault."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_selection import SelectFromModel, SelectKBest, SelectorMixin
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from sklime import LimeExplainer
from sklime.base import Component
from sklime.kernels import ExponentialKernel, Kernel, as_kernel
from sklime.laws import ExchangeableLaw
from sklime.samplers import MarginalSampler, Neighbourhood
from sklime.samplers.kinds.base import RowKind
from sklime.samplers.kinds.series import SeriesRows
from sklime.samplers.kinds.text import TextRows
from sklime.selectors import MomentSelector
from sklime.testing import (
    check_kernel,
    check_sampler,
    check_selector,
    kernel_checks,
    sampler_checks,
    selector_checks,
)
from tests.third_party import MeanRow, MeanSteps, SameValue, StatesItsLaw

# Samplers


class FitReturnsNothing(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)


class FitWritesIntoX(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        X -= X.mean(axis=0)
        return super().fit(X, y, sample_weight)


class FitKeepsOldValues(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        old = getattr(self, "values_", np.empty((0, X.shape[1])))
        super().fit(X, y, sample_weight)
        self.values_ = np.vstack([old, self.values_])[: len(self.values_)]
        return self


class FitSetsParameter(SameValue):
    def __init__(self, level=None):
        self.level = level

    def fit(self, X, y=None, sample_weight=None):
        self.level = X.mean()
        return super().fit(X, y, sample_weight)


class NoWidth(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight).default_width_ = 0.0
        return self


class IgnoresWeights(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y)


class AnswersUnfitted(SameValue):
    def reference(self, X, n_samples=512):
        return super().reference(X, n_samples) if hasattr(self, "values_") else []


class DrawsHalf(SameValue):
    def sample(self, X, n_samples=4096, random_state=None):
        return super().sample(X, (n_samples + 1) // 2, random_state)


class OneStreamForAllRows(SameValue):
    def sample(self, X, n_samples=4096, random_state=None):
        rng = check_random_state(random_state)
        return [super(OneStreamForAllRows, self).sample([x], n_samples, rng)[0] for x in X]


class IgnoresSeed(SameValue):
    def sample(self, X, n_samples=4096, random_state=None):
        return super().sample(X, n_samples)


class ReferenceOfNoFixedSeed(SameValue):
    def reference(self, X, n_samples=512):
        seed = np.random.SeedSequence().entropy
        return self._around(X, n_samples, seed=seed, keep=0.5)


class ReferenceForgetsTheRow(SameValue):
    def reference(self, X, n_samples=512):
        return self._around(X, n_samples, seed=1, keep=0.0)


class InterpretsTheRowAsZero(SameValue):
    def interpret(self, X, row):
        return ~super().interpret(X, row)


class StandsElsewhere(SameValue):
    def _around(self, X, n_samples, seed, keep):
        return [
            Neighbourhood(around.inputs, around.design, np.zeros(X.shape[1]))
            for around in super()._around(X, n_samples, seed, keep)
        ]


class DesignOfWrongShape(SameValue):
    def _around(self, X, n_samples, seed, keep):
        return [
            Neighbourhood(around.inputs, around.design.T, around.position)
            for around in super()._around(X, n_samples, seed, keep)
        ]


class TellsZerosApart(SameValue):
    def _checked(self, X):
        X = super()._checked(X)
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _around(self, X, n_samples, seed, keep):
        return super()._around(X, n_samples, seed + int(np.signbit(X[0, 0])), keep)


class MassesOfOneHalf(MarginalSampler):
    def law(self, row):
        law = super().law(row)
        halves = [
            type(c)(c.values, c.masses / 2, c.bins, c.deviations) for c in law.columns
        ]
        return type(law)(tuple(halves))


class CodesWithoutLabels(MarginalSampler):
    def conditions(self, X):
        codes, labels = super().conditions(X)
        return codes, [own[:1] for own in labels]


class LosesADraw(SameValue):
    def _around(self, X, n_samples, seed, keep):
        found = super()._around(X, n_samples, seed, keep)
        return [replace(around, inputs=around.inputs[1:]) for around in found]


class MassesBelowZero(SameValue):
    def _around(self, X, n_samples, seed, keep):
        found = super()._around(X, n_samples, seed, keep)
        return [replace(own, masses=np.cos(np.arange(len(own)))) for own in found]


class DrawsWholeRows(StatesItsLaw):
    """Each column follows the law that is stated, but all of them together."""

    def sample(self, X, n_samples=4096, random_state=None):
        seed = check_random_state(random_state).randint(2**31 - 1)
        rng, d = np.random.default_rng(seed), X.shape[1]
        inputs = rng.choice(self.values_, n_samples, p=self.masses_)
        return [Neighbourhood(inputs, self.interpret(inputs, [x]), np.ones(d)) for x in X]


class NotASampler(Component):
    pass


@pytest.mark.parametrize(
    "sampler", [SameValue(), StatesItsLaw(), StatesItsLaw(edge=0.5)], ids=str
)
def test_honest_sampler_keeps_the_contract(sampler):
    check_sampler(sampler)


def test_third_party_sampler_explains():
    X = np.random.default_rng(0).integers(0, 3, (60, 3)).astype(float)
    model = LinearRegression().fit(X, 2.0 * X[:, 0])
    explainer = LimeExplainer(model, sampler=SameValue(), random_state=0).fit(X)
    # Keeping the lowest or the highest value moves the answer down or up.
    values = explainer.transform(np.array([[0.0, 1.0, 1.0], [2.0, 1.0, 1.0]]))
    assert values[0, 0] < -1.0
    assert values[1, 0] > 1.0
    np.testing.assert_allclose(values[:, 1:], 0.0, atol=0.1)  # Monte-Carlo error 0.03
    assert explainer.score(X) > 0.5


@pytest.mark.parametrize(
    ("sampler", "check"),
    [
        (FitReturnsNothing(), "fit_returns_self_and_learns_the_units"),
        (FitSetsParameter(), "fit_returns_self_and_learns_the_units"),
        (NoWidth(), "fit_returns_self_and_learns_the_units"),
        (FitKeepsOldValues(), "fit_forgets_what_it_learned_before"),
        (AnswersUnfitted(), "unfitted_one_says_so"),
        (DrawsHalf(), "number_of_draws_is_the_one_asked_for"),
        (DesignOfWrongShape(), "neighbourhoods_have_their_shapes"),
        (StandsElsewhere(), "neighbourhoods_have_their_shapes"),
        (InterpretsTheRowAsZero(), "interpret_agrees_with_the_design"),
        (OneStreamForAllRows(), "row_alone_decides_its_draws"),
        (IgnoresSeed(), "equal_seeds_give_equal_draws"),
        (IgnoresSeed(), "inputs_are_left_alone"),
        (FitWritesIntoX(), "inputs_are_left_alone"),
        (ReferenceOfNoFixedSeed(), "reference_has_a_seed_of_its_own"),
        (ReferenceForgetsTheRow(), "reference_has_a_seed_of_its_own"),
        (IgnoresWeights(), "weight_counts_as_so_many_rows"),
        (TellsZerosApart(), "zeros_of_both_signs_are_equal"),
        (MassesOfOneHalf(), "law_has_the_masses_of_the_draws"),
        (CodesWithoutLabels(), "conditions_describe_every_row"),
        (LosesADraw(), "neighbourhoods_are_whole"),
        (MassesBelowZero(), "neighbourhoods_are_whole"),
        (DrawsWholeRows(), "law_has_the_masses_of_the_draws"),
    ],
)
def test_fault_of_a_sampler_is_found(sampler, check):
    with pytest.raises(AssertionError, match="expected of"):
        dict(sampler_checks(sampler))[check]()


class UnknownMetric(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.default_metric_ = "euclid"
        return self


class FitFails(SameValue):
    def fit(self, X, y=None, sample_weight=None):
        raise KeyError("lost")


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (UnknownMetric(), r"expected of UnknownMetric\(\): .*'metric'"),
        (FitFails(), r"expected of FitFails\(\): .*KeyError: 'lost'"),
    ],
)
def test_error_within_a_check_names_component_and_check(sampler, message):
    with pytest.raises(AssertionError, match=message):
        check_sampler(sampler)


def test_message_names_the_sampler_and_what_was_expected():
    with pytest.raises(
        AssertionError, match=r"expected of FitReturnsNothing\(\): fit retu"
    ):
        check_sampler(FitReturnsNothing())
    with pytest.raises(AssertionError, match=r"NotASampler\(\) should be .* a Sampler"):
        check_sampler(NotASampler())


# Samplers that hide units

SERIES = np.random.default_rng(0).normal(size=(16, 5)).cumsum(axis=1)


class MadeOf(MeanSteps):
    """Rows of another class, which names the test."""

    def __init__(self, row_class=MeanRow, row_kind=SeriesRows):
        self.row_class, self.row_kind = row_class, row_kind


class FitForgetsTheKind(MeanSteps):
    row_kind = TextRows

    def fit(self, X, y=None, sample_weight=None):
        self.row_kind = SeriesRows
        super().fit(X, y, sample_weight)
        del self.row_kind
        return self


class DrawsTwice(MeanSteps):
    def masks(self, n_units, n_samples, random_state=None, kernel=None):
        own = super().masks(n_units, n_samples, random_state, kernel)
        where = np.arange(len(own)) // 2 * 2
        return replace(own, design=own.design[where])


class MassesOfTwo(MeanSteps):
    def masks(self, n_units, n_samples, random_state=None, kernel=None):
        own = super().masks(n_units, n_samples, random_state, kernel)
        return replace(own, masses=2.0 * own.masses)


class HidesThatItIsAll(MeanSteps):
    def masks(self, n_units, n_samples, random_state=None, kernel=None):
        own = super().masks(n_units, n_samples, random_state, kernel)
        return replace(own, exhaustive=False)


class DrawsFromAnotherLaw(MeanSteps):
    def masks(self, n_units, n_samples, random_state=None, kernel=None):
        law = ExchangeableLaw.uniform_deletions(n_units)
        law = law if kernel is None else law.tilt(kernel)
        return law.draw(n_samples, check_random_state(random_state).randint(99))


class IgnoresTheKernel(MeanSteps):
    def masks(self, n_units, n_samples, random_state=None, kernel=None):
        return super().masks(n_units, n_samples, random_state)


class MasksOfTheRow(MeanSteps):
    def sample(self, X, n_samples=4096, random_state=None):
        seeds = [int(1e6 * abs(x).sum()) % 2**31 for x in X]
        return [
            super(MasksOfTheRow, self).sample(x[np.newaxis], min(n_samples, 9), seed)[0]
            for x, seed in zip(X, seeds, strict=True)
        ]


class OwnMasksInSample(MeanSteps):
    def sample(self, X, n_samples=4096, random_state=None):
        seed = check_random_state(random_state).randint(999)
        return super().sample(X, min(n_samples, 9), seed)


class KeepsNineTenths(MeanSteps):
    def reference_masks(self, n_units, n_samples=512):
        return np.random.default_rng(0).random((n_samples, n_units)) < 0.9


class NamesOneMore(MeanRow):
    @property
    def names(self):
        return np.append(super().names, "one more")

    n_units = property(lambda self: len(self.x))


class NeverTheRow(MeanRow):
    def compose(self, masks):
        return super().compose(masks) + 1e-9


class MovesWhatIsKept(MeanRow):
    def compose(self, masks):
        hidden = ~np.asarray(masks)[:, :1]
        return super().compose(masks) + hidden * np.arange(len(self.x))


class LooksAtOtherMasks(MeanRow):
    def compose(self, masks):
        share = np.mean(masks)
        return np.where(masks, self.x, self.means * share)


class HandsOutItsOwn(MeanRow):
    def compose(self, masks):
        # One array for all, which is written to again only where it must be.
        key = np.asarray(masks).tobytes()
        if getattr(self, "key", None) != key:
            self.key, self.copies = key, super().compose(masks)
        return self.copies


class DistinctOfTheWrongMask(MeanRow):
    def compose_distinct(self, masks):
        return self.compose(masks), np.arange(len(masks))[::-1]


class SharesNothing(MeanRow):
    def shared_with(self, X):
        return np.zeros(np.shape(X), dtype=bool)


class SharesAll(MeanRow):
    def shared_with(self, X):
        return np.ones(np.shape(X), dtype=bool)


class LaysOutBackwards(SeriesRows):
    def lay_out(self, rows, coefs):
        return super().lay_out(rows, [coef[:, ::-1] for coef in coefs])


class WeighsNothing(MeanSteps):
    def fit(self, X, y=None, sample_weight=None):
        return super().fit(X, y)


def test_honest_sampler_that_hides_units_keeps_the_contract():
    check_sampler(MeanSteps(), SERIES)
    check_sampler(MadeOf(), SERIES)


def test_sampler_that_hides_units_explains():
    model = LinearRegression().fit(SERIES, SERIES @ [1.0, 0.0, -2.0, 0.0, 3.0])
    explainer = LimeExplainer(model, sampler=MeanSteps(), random_state=0).fit(SERIES)
    expected = (SERIES - SERIES.mean(axis=0)) * model.coef_
    np.testing.assert_allclose(explainer.transform(SERIES), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("sampler", "check"),
    [
        (FitForgetsTheKind(), "fit_returns_self_and_learns_units_and_kind"),
        (MadeOf(NamesOneMore), "rows_are_cut_into_named_units"),
        (DrawsTwice(), "masks_are_distinct_and_their_masses_sum_to_1"),
        (MassesOfTwo(), "masks_are_distinct_and_their_masses_sum_to_1"),
        (HidesThatItIsAll(), "few_masks_are_enumerated"),
        (DrawsFromAnotherLaw(), "masks_have_the_masses_of_their_law"),
        (IgnoresTheKernel(), "masks_of_a_kernel_have_the_masses_of_the_weighted_law"),
        (OwnMasksInSample(), "sample_shows_the_masks_of_each_row"),
        (MasksOfTheRow(), "rows_of_equally_many_units_share_masks"),
        (KeepsNineTenths(), "reference_shows_the_masks_of_reference_masks"),
        (MadeOf(NeverTheRow), "keeping_everything_gives_the_row"),
        (MadeOf(MovesWhatIsKept), "hidden_units_change_nothing_of_kept_ones"),
        (MadeOf(SharesNothing), "hidden_units_change_nothing_of_kept_ones"),
        (MadeOf(LooksAtOtherMasks), "copies_are_made_anew_whatever_the_others"),
        (MadeOf(HandsOutItsOwn), "copies_are_made_anew_whatever_the_others"),
        (MadeOf(DistinctOfTheWrongMask), "copies_are_made_anew_whatever_the_others"),
        (MadeOf(SharesNothing), "interpret_finds_the_design"),
        (MadeOf(SharesAll), "interpret_finds_the_design"),
        (
            MadeOf(row_kind=LaysOutBackwards),
            "attributions_stand_where_names_say",
        ),
        (WeighsNothing(), "weight_counts_as_so_many_rows_in_copies"),
    ],
)
def test_fault_of_a_sampler_that_hides_units_is_found(sampler, check):
    with pytest.raises(AssertionError, match="expected of"):
        dict(sampler_checks(sampler, SERIES))[check]()


class OneCopyLess(MeanRow):
    def compose(self, masks):
        return super().compose(masks)[1:]


class TheRowFirst(MeanRow):
    """As lime has it: the row itself stands before its copies."""

    def compose(self, masks):
        own = np.ones((1, self.n_units), dtype=bool)
        return super().compose(np.concatenate([own, masks]))


class LawOf(MeanSteps):
    def __init__(self, made=None):
        self.made = made

    def mask_law(self, n_units):
        return self.made(n_units)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (MadeOf(OneCopyLess), r"OneCopyLess gave 31 copies .* 32 masks.* one for each"),
        (MadeOf(TheRowFirst), r"TheRowFirst gave 33 copies .* 32 masks.* one for each"),
        (LawOf(lambda n: np.ones(n + 1) / (n + 1)), r"mask_law\(5\) of LawOf"),
        (LawOf(lambda n: ExchangeableLaw(np.ones(n) / n)), r"mask_law\(5\) .* 6 masses"),
        (LawOf(lambda n: ExchangeableLaw(np.ones(n + 1))), r"Divide them by their sum"),
        (LawOf(lambda n: ExchangeableLaw(np.arange(-1.0, n))), r"at least 0 each"),
    ],
    ids=["a copy less", "the row first", "array", "a mass less", "no sum of 1", "below 0"],
)
def test_masks_that_cannot_be_are_refused_in_use(sampler, message):
    model = LinearRegression().fit(SERIES, SERIES[:, 0])
    explainer = LimeExplainer(model, sampler=sampler, method="sampling", random_state=0)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        explainer.fit(SERIES).transform(SERIES[:2])


def test_rows_of_an_unknown_kind_must_be_given():
    class OwnRows(RowKind):
        pass

    class Own(MeanSteps):
        row_kind = OwnRows

    with pytest.raises(ValueError, match=r"OwnRows has no rows of its own .* give X"):
        check_sampler(Own())


# Kernels


class Triangle(Kernel):
    """Falls linearly to 0 at a distance of one width."""

    def __init__(self, width=None):
        self.width = width

    def __call__(self, Z, z):
        gaps = np.abs(np.asarray(Z, dtype=float) - z).mean(axis=1)
        return np.clip(1.0 - gaps / (self.width or 1.0), 0.0, None)

    exchangeable = stationary = True

    def resolve(self, *, metric, width):
        return type(self)(self.width or width)


class Negative(Triangle):
    def __call__(self, Z, z):
        return super().__call__(Z, z) - 0.5


class NotFinite(Triangle):
    def __call__(self, Z, z):
        return super().__call__(Z, z) / (np.asarray(Z, dtype=float) == z).any(axis=1)


class MatrixOfWeights(Triangle):
    def __call__(self, Z, z):
        return super().__call__(Z, z)[:, np.newaxis]


class Rising(Triangle):
    def __call__(self, Z, z):
        return np.abs(np.asarray(Z, dtype=float) - z).mean(axis=1)


class RelativeToTheMean(Triangle):
    def __call__(self, Z, z):
        weights = super().__call__(Z, z)
        return weights / weights.mean()


class DoublesBool(Triangle):
    def __call__(self, Z, z):
        return super().__call__(Z, z) * (2.0 if Z.dtype == bool else 1.0)


class WritesIntoZ(Triangle):
    def __call__(self, Z, z):
        weights = super().__call__(Z, z)
        Z[0] = z
        return weights


class StaysOpen(Triangle):
    def resolve(self, *, metric, width):
        return self


class ResolvesItself(Triangle):
    def resolve(self, *, metric, width):
        self.width = width
        return self


class WrongFactor(ExponentialKernel):
    @property
    def column_factor(self):
        return lambda deviation: np.exp(-np.abs(deviation))


class WrongPrecision(ExponentialKernel):
    @property
    def precision(self):
        return 2.0 * super().precision


class FirstColumnOnly(Triangle):
    def __call__(self, Z, z):
        return super().__call__(np.asarray(Z)[:, :1], z[:1])


class LooksAtTheRow(Triangle):
    def __call__(self, Z, z):
        return super().__call__(Z, z) / (1.0 + np.abs(z).sum())


class RemembersNothing(Triangle):
    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


class BareRepr(Triangle):
    __repr__ = object.__repr__


def test_honest_kernel_keeps_the_contract():
    check_kernel(Triangle())


@pytest.mark.parametrize(
    ("kernel", "check"),
    [
        (Negative(), "weights_are_one_finite_non_negative_number_a_draw"),
        (MatrixOfWeights(), "weights_are_one_finite_non_negative_number_a_draw"),
        (DoublesBool(), "bool_design_weighs_as_its_numbers"),
        (Rising(), "weight_is_largest_at_the_row"),
        (RelativeToTheMean(), "draws_are_weighed_apart"),
        (WritesIntoZ(), "inputs_are_left_alone"),
        (StaysOpen(), "resolve_leaves_nothing_open"),
        (ResolvesItself(), "resolve_leaves_nothing_open"),
        (WrongFactor(), "column_factor_multiplies_to_the_kernel"),
        (WrongPrecision(), "column_factor_multiplies_to_the_kernel"),
        (FirstColumnOnly(), "exchangeable_kernel_counts_matches_only"),
        (LooksAtTheRow(), "stationary_kernel_sees_differences_only"),
        (RemembersNothing(), "equals_whatever_has_its_parameters"),
        (BareRepr(), "repr_shows_values"),
    ],
)
def test_fault_of_a_kernel_is_found(kernel, check):
    with pytest.raises(AssertionError, match="expected of"):
        dict(kernel_checks(kernel))[check]()


def test_function_is_told_how_it_becomes_a_kernel():
    with pytest.raises(AssertionError, match="as_kernel"):
        check_kernel(lambda Z, z: np.ones(len(Z)))


def test_repr_of_a_lambda_is_no_fault():
    kernel = as_kernel(lambda Z, z: np.ones(len(Z)))
    dict(kernel_checks(kernel))["repr_shows_values"]()


def test_kernel_with_infinite_weights_is_found():
    check = dict(kernel_checks(NotFinite()))[
        "weights_are_one_finite_non_negative_number_a_draw"
    ]
    with np.errstate(divide="ignore"), pytest.raises(AssertionError, match="finite"):
        check()


# Selectors


class LargestCovariance(SelectorMixin, Component):
    """Keep the features of largest absolute covariance with the answers."""

    def __init__(self, k=2):
        self.k = k

    def fit(self, Z, y, sample_weight=None):
        weights = np.ones(len(y)) if sample_weight is None else sample_weight
        self.sizes_ = np.abs(np.cov(np.column_stack([Z, y]).T, aweights=weights)[-1, :-1])
        return self

    def _get_support_mask(self):
        check_is_fitted(self)
        support = np.zeros(len(self.sizes_), dtype=bool)
        support[np.argsort(-self.sizes_, kind="stable")[: self.k]] = True
        return support


class OneMore(LargestCovariance):
    def _get_support_mask(self):
        return super()._get_support_mask() | (np.arange(len(self.sizes_)) < 3)


class SmallestCovariance(LargestCovariance):
    def fit(self, Z, y, sample_weight=None):
        super().fit(Z, y, sample_weight)
        self.sizes_ = -self.sizes_
        return self


class Unweighted(LargestCovariance):
    def fit(self, Z, y, sample_weight=None):
        return super().fit(Z, y)


class FirstFeatures(LargestCovariance):
    def fit(self, Z, y, sample_weight=None):
        super().fit(Z, y, sample_weight)
        self.sizes_ = self.sizes_ * 0.7 ** np.arange(len(self.sizes_))
        return self


class AboveOneTenth(LargestCovariance):
    def _get_support_mask(self):
        return super()._get_support_mask() & (self.sizes_ > 0.1)


class NeedsVariance(LargestCovariance):
    def fit(self, Z, y, sample_weight=None):
        assert np.ptp(y) > 0.0
        return super().fit(Z, y, sample_weight)


class ThrowsDice(LargestCovariance):
    def fit(self, Z, y, sample_weight=None):
        super().fit(Z, y, sample_weight)
        self.sizes_ = check_random_state(None).uniform(size=Z.shape[1])
        return self


def test_honest_selector_keeps_the_contract():
    check_selector(LargestCovariance())


@pytest.mark.parametrize(
    ("selector", "check"),
    [
        (OneMore(), "support_is_a_mask_of_at_most_k_features[k=1]"),
        (SmallestCovariance(), "feature_that_explains_all_is_kept[k=1]"),
        (Unweighted(), "weight_counts_as_so_many_draws[k=3]"),
        (FirstFeatures(), "order_of_features_does_not_matter[k=3]"),
        (AboveOneTenth(), "unit_and_origin_of_answers_do_not_matter[k=3]"),
        (SelectFromModel(Lasso(0.5)), "unit_and_origin_of_answers_do_not_matter"),
        (NeedsVariance(), "constant_answers_and_features_are_no_error[k=3]"),
        (ThrowsDice(), "selection_repeats[k=1]"),
        (ThrowsDice(), "inputs_are_left_alone[k=1]"),
    ],
)
def test_fault_of_a_selector_is_found(selector, check):
    with pytest.raises(AssertionError, match="expected of"):
        dict(selector_checks(selector))[check]()


class MostCovarying(MomentSelector):
    """Keep the features of largest covariance with the answers."""

    def __init__(self, k=2):
        self.k = k

    def select(self, moments):
        size = np.abs(moments.cross.transpose(0, 2, 1))
        return self._as_mask(np.argsort(-size, axis=2)[:, :, : self.k], size)

    def _as_mask(self, kept, size):
        support = np.zeros(size.shape, dtype=bool)
        np.put_along_axis(support, kept, True, axis=2)
        return support


class FeaturesFirst(MostCovarying):
    def select(self, moments):
        return super().select(moments).transpose(0, 2, 1)


class Positions(MostCovarying):
    def _as_mask(self, kept, size):
        return kept


class AsNumbers(MostCovarying):
    def _as_mask(self, kept, size):
        return super()._as_mask(kept, size).astype(int)


class PositionsAlone(LargestCovariance):
    def get_support(self, indices=False):
        return super().get_support(indices=True)


WRONG_SUPPORTS = [FeaturesFirst(k=1), Positions(k=1), AsNumbers(k=1), PositionsAlone(k=1)]


@pytest.mark.parametrize("selector", WRONG_SUPPORTS, ids=repr)
@pytest.mark.parametrize("method", ["exact", "sampling"])
def test_support_that_is_no_mask_is_refused(selector, method):
    if method == "exact" and not isinstance(selector, MomentSelector):
        method = "auto"
    X = np.random.default_rng(0).normal(size=(60, 3))
    model = LinearRegression().fit(X, X @ [1.0, 2.0, 3.0])
    explainer = LimeExplainer(model, selector=selector, method=method, n_samples=256)
    with pytest.raises(ValueError, match=rf"{type(selector).__name__}.* bool for each"):
        explainer.fit(X).transform(X)


@pytest.mark.parametrize("selector", WRONG_SUPPORTS, ids=repr)
def test_support_that_is_no_mask_is_found(selector):
    with pytest.raises(AssertionError, match=r"expected of .* bool for each"):
        check_selector(selector)


@pytest.mark.parametrize(
    ("selector", "message"),
    [(LargestCovariance, "an instance"), (SelectKBest(k=2), "'sample_weight'")],
)
def test_what_cannot_be_called_is_no_selector(selector, message):
    with pytest.raises(AssertionError, match=message):
        check_selector(selector)


def test_honest_selector_from_moments_keeps_the_contract():
    dict(selector_checks(MostCovarying()))["rows_and_outputs_are_selected_apart[k=1]"]()
