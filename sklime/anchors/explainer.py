"""The anchor explainer: parameters, `fit`, `transform` and `explain`."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.parallel import Parallel, delayed

from sklime.anchors.assembly import assemble_anchors
from sklime.anchors.bin_ranges import CONDITIONS
from sklime.anchors.container import Anchors
from sklime.anchors.criteria import KINDS, Criterion
from sklime.anchors.draws import ColumnDraws
from sklime.anchors.expected_answers import ExpectedAnswers
from sklime.anchors.parameters import (
    check_parameters,
    check_sampler,
    most_conditions,
    most_draws,
    resolve_criterion,
    resolve_target,
)
from sklime.anchors.predicted_classes import (
    N_COMPARED,
    can_predict_otherwise,
    warn_of_other_classes,
)
from sklime.anchors.search import Found, search
from sklime.anchors.subjects import TableRules, UnitRules, spread
from sklime.base import DocumentedEstimator
from sklime.exceptions import (
    AnchorWarning,
    ClosedFormFailed,
    ClosedFormWarning,
    NoClosedForm,
    warn_caller,
)
from sklime.explainer.base import ExplainerMixin
from sklime.explainer.default_sampler import check_is_table, default_sampler
from sklime.explainer.diagnostics import warn_of_refit
from sklime.explainer.progress import with_progress
from sklime.explainer.shipping import return_as
from sklime.fitting import atomic_fit, check_fitted
from sklime.laws.masks import MaskLaw
from sklime.laws.quasirandom import RandomState, resolve_seed
from sklime.model.refits import FittedState
from sklime.samplers import MarginalSampler
from sklime.samplers.base import Sampler
from sklime.tables.access import in_sparse_interface, n_rows, take_rows
from sklime.tables.arrow_tables import ArrowTypes, as_frame, from_arrow
from sklime.tables.typing import Table, TableLike
from sklime.validation import listed

# The least tolerance of a model whose answers are all the same, as a share of them.
_ROUNDING = 1e-9


class AnchorExplainer(
    ExplainerMixin, OneToOneFeatureMixin, TransformerMixin, DocumentedEstimator
):
    """Explain predictions by anchors: rules that suffice for them, whole tables at once.

    A rule asks for the row's own bins and categories, such as "20 < age <= 30 and
    pet = dog". It suffices where the model still answers as it does for the row when all
    other columns are drawn from their training distributions. Of each row the shortest such
    rule is found, and of equally short ones that which covers most of the training rows.

    Parameters
    ----------
    estimator : object
        The model, as of `LimeExplainer`: a fitted one is taken as it is.
    sampler : Sampler or None, default=None
        How columns are cut into bins and drawn: one that draws the columns of a dense table
        independently, by bins; or how texts, images and series are cut into units, which a
        rule keeps. None: `MarginalSampler()` for tables, `TokenSampler()` for texts.
    precision : float, default=0.95
        The least share, above 0 and at most 1; for shares of draws below 1.
    criterion : {"auto", "hard", "soft", "mean", "share"}, default="auto"
        When a rule suffices. "hard": the share of the draws within it whose predicted class
        is the row's own is at least `precision`; of probabilities and margins the largest
        tells the class, and where `predict` has another rule, such as a threshold, use
        ``response_method="predict"``. "soft": the expected answer within it is
        at least `precision` times the answer to the row. "mean": the expected answer is at
        most `tolerance` from the answer to the row. "share": the share of the draws whose
        answer is at most `tolerance` from it is at least `precision`. "auto": "hard" for
        classifiers, "mean" for all others.
    tolerance : float or None, default=None
        In units of the model's answer. None: half the standard deviation of its answers on
        the training table.
    confidence : float, default=0.95
        Of the statement that a rule suffices, where it rests on draws, and of the
        intervals. Expected answers of models with a closed form need no draws.
    conditions : {"bin", "range"}, default="bin"
        What a condition on a numeric column asks for. "bin": the row's own bin. "range":
        any run of neighbouring bins that holds it, such as "age <= 30", or that the value
        is not missing: rules cover far more rows, and take longer to find.
    max_length : int or None, default=None
        Conditions of a rule at most, one a column. None: 32.
    beam_width : int, default=4
        Rules of each length that are extended, each with other columns; of tables of up to
        six columns all sets of columns are.
    target : "auto", "predicted" or a label, default="auto"
        The output that "soft", "mean" and "share" are about. "auto": a regressor's
        prediction, a classifier's predicted class of each row. "hard" is always about the
        predicted class.
    response_method : str, default="auto"
        The method of the model that is asked, as of `LimeExplainer`.
    n_samples : int, default=4096
        Draws of the pool that all rows share.
    max_samples : int or None, default=None
        Own-bin draws of a row at most: draws within its rules. None: four times
        `n_samples`. The interval of a rule that does not suffice takes 1,024 more. The
        more draws, the nearer to `precision` are the rules that they show to suffice.
    random_state : int, RandomState instance or None, default=None
        Source of all draws, resolved once, in `fit`. Draws depend on their rule alone: a
        row is explained alike whatever else is explained.
    n_jobs : int or None, default=None
        Jobs over blocks of rows, in threads unless a joblib backend is chosen.
    verbose : int, default=0
        Above 0: a progress bar over rows.

    Attributes
    ----------
    estimator_ : object
        The fitted model.
    sampler_ : Sampler
        Fitted.
    criterion_ : {"hard", "soft", "mean", "share"}
        Which is in use.
    method_ : {"exact", "sampling"}
        "exact" where the expected answers of "soft" and "mean" have a closed form.
    tolerance_ : ndarray of shape (n_outputs,)
        Of each output; only of "mean" and "share".
    classes_ : ndarray of shape (n_classes,)
        Only if the model has classes.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `fit` saw a frame.

    See Also
    --------
    RuleSet : A few rules that cover a table.
    LimeExplainer : How much each condition matters.

    References
    ----------
    Ribeiro, Singh, Guestrin (2018), Anchors: High-Precision Model-Agnostic Explanations.
    Kaufmann, Kalyanakrishnan (2013), Information Complexity in Bandit Subset Selection.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import AnchorExplainer
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> explainer = AnchorExplainer(forest, random_state=0).fit(X)
    >>> anchors = explainer.explain(X[:3])
    >>> anchors.valid.all(), anchors.features.shape
    (np.True_, (3, 4))
    """

    estimator_: Any
    sampler_: Sampler
    criterion_: Literal["hard", "soft", "mean", "share"]
    method_: Literal["exact", "sampling"]
    tolerance_: NDArray[np.float64]
    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _default_components = MappingProxyType({"sampler": MarginalSampler})

    # What `fit` saw of a table, a `TableSchema`.
    _schema = None

    def __init__(
        self,
        estimator: Any,
        *,
        sampler: Sampler | None = None,
        precision: float = 0.95,
        criterion: Literal["auto", "hard", "soft", "mean", "share"] = "auto",
        tolerance: float | None = None,
        confidence: float = 0.95,
        conditions: Literal["bin", "range"] = "bin",
        max_length: int | None = None,
        beam_width: int = 4,
        target: object = "auto",
        response_method: Literal[
            "auto", "predict_proba", "decision_function", "predict"
        ] = "auto",
        n_samples: int = 4096,
        max_samples: int | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.precision = precision
        self.criterion = criterion
        self.tolerance = tolerance
        self.confidence = confidence
        self.conditions = conditions
        self.max_length = max_length
        self.beam_width = beam_width
        self.target = target
        self.response_method = response_method
        self.n_samples = n_samples
        self.max_samples = max_samples
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @atomic_fit
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Learn the training distributions, and query the model about a pool of draws.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Training rows: array, pandas or polars frame, or Arrow table, as a pandas frame.
        y : array-like of shape (n_rows,), optional
            Targets: needed where the model is not fitted yet or the sampler uses them.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows in the training distributions and in coverages, and in the
            fit of an unfitted model that takes them.
        **params : dict
            Routed to the fit of an unfitted model, where metadata routing is enabled.

        Returns
        -------
        self
        """
        check_parameters(self)
        arrow, X = ArrowTypes.of(X), as_frame(X)
        self.sampler_ = default_sampler(X) if self.sampler is None else clone(self.sampler)
        check_is_table(self.sampler_, X)
        X = self.sampler_.row_kind.check_columns(self, X, reset=True)
        self.estimator_ = self._fitted_model(X, y, sample_weight, params)
        self.sampler_.fit(X, y, sample_weight=sample_weight)
        self.n_features_in_ = self.sampler_.n_features_in_
        check_sampler(self.sampler_)
        X = self.sampler_.kind_.check(X)
        self._model_state = FittedState(self.estimator_)
        self._response = self._response_to(X, y, arrow)
        if self._response.classes is not None:
            self.classes_ = self._response.classes
        self.criterion_ = resolve_criterion(self, self._response)
        self._target = resolve_target(self, self._response)
        if self.criterion_ == "hard" and can_predict_otherwise(self._response):
            predict = self._response_to(X, y, arrow, "predict")
            some = take_rows(X, spread(n_rows(X), N_COMPARED))
            warn_of_other_classes(self._response, predict, self.sampler_.kind_.tables(some))
        self._seed = resolve_seed(self.random_state)
        weights = None
        if sample_weight is not None:
            # The others taught nothing, and may hold what is unknown.
            weights = np.asarray(sample_weight, dtype=np.float64)
            X = take_rows(X, np.flatnonzero(weights > 0))
            weights = weights[weights > 0]
            if (weights == weights[0]).all():
                weights = None
        if self.criterion_ in ("mean", "share"):
            self.tolerance_ = self._tolerances(X, weights)
        self._rules = self._learnt(X, weights)
        exact = getattr(self._rules, "answers", None) is not None
        self.method_ = "exact" if exact else "sampling"
        self._model_state.leave_out_changes(self.estimator_)
        return self

    def transform(self, X: TableLike) -> Table:
        """Tell which columns are in each row's anchor.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to explain.

        Returns
        -------
        ndarray of shape (n_rows, n_features)
            1 where the row's rule has a condition on the column, else 0.
        """
        found, subjects, _ = self._found(X)
        return in_sparse_interface(subjects.laid_out(found.columns))

    def explain(self, X: TableLike) -> Anchors:
        """Find the anchor of each row, with all that is known about it.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to explain.

        Returns
        -------
        Anchors
        """
        return assemble_anchors(self, *self._found(X))

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Names of the columns of `transform`: those of the features.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names seen in `fit`.

        Returns
        -------
        ndarray of str
        """
        return self._column_names(input_features)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags

    def _found(self, X):
        """Search the rules of rows; with what was learnt of the rows."""
        check_fitted(self)
        if self._model_state.differs(self.estimator_):
            warn_of_refit(self.estimator_)
        X = from_arrow(X, self._container)
        subjects = self._rules.subjects(self._rules, self._checked(X), X)
        criterion = self._criterion_of(subjects.answers(self._response))
        most = most_draws(self.max_samples, self.n_samples)
        blocks = subjects.blocks(self.beam_width, most)
        jobs = Parallel(n_jobs=self.n_jobs, prefer="threads", return_as=return_as())
        parts = jobs(delayed(self._search)(own, subjects, criterion) for own in blocks)
        sizes = [own.stop - own.start for own in blocks]
        found = Found.joined(list(with_progress(parts, sizes, self.verbose)))
        self._warn(found.valid, subjects)
        return found, subjects, criterion

    def _criterion_of(self, answers: NDArray[np.float64]) -> Criterion:
        """The criterion of rows, by the model's answers to them."""
        fixed = self._target if self.criterion_ != "hard" else None
        output = answers.argmax(axis=1)
        if fixed is not None:
            output = self._target.columns(len(answers), answers)[:, 0]
        own = answers[np.arange(len(answers)), output]
        if self.criterion_ == "soft" and (own <= 0.0).any():
            [first] = np.flatnonzero(own <= 0.0)[:1]
            raise ValueError(
                f'criterion="soft" takes shares of answers above 0, and row {first} has '
                f'{own[first]:.3g}: use criterion="mean", or the predicted class.'
            )
        tolerance = getattr(self, "tolerance_", None)
        if tolerance is not None:
            tolerance = tolerance[output]
        return KINDS[self.criterion_](output, own, self.precision, tolerance)

    def _search(self, rows, subjects, criterion):
        most = most_draws(self.max_samples, self.n_samples)
        own = criterion.take(rows), self.confidence, most
        length = most_conditions(self.max_length, subjects.n_features[rows].max())
        return search(subjects.evidence(rows, *own), length, self.beam_width)

    def _learnt(self, X, weights):
        """What rules are made of: columns in closed form or from draws, or units."""
        own = self._response, self.n_samples, self._seed
        if isinstance(self.sampler_.law_, MaskLaw):
            return UnitRules(self.sampler_, X, *own)
        ranges = CONDITIONS[self.conditions](self.sampler_.columns_)
        answers, draws = self._closed_form(X, ranges), None
        if answers is None:
            response, *own = own
            draws = ColumnDraws(self.sampler_, response, n_rows(X), *own)
        return TableRules(self.sampler_, X, weights, ranges, answers, draws)

    def _closed_form(self, X, ranges):
        """Expected answers in closed form; None where there is none, or none is needed."""
        if not KINDS[self.criterion_].of_answers:
            return None
        try:
            return ExpectedAnswers(self._response, self.sampler_.law_, X, ranges)
        except NoClosedForm as reason:
            if isinstance(reason, ClosedFormFailed):
                warn_caller(
                    f"draws take the place of the closed form: {reason}", ClosedFormWarning
                )
            return None

    def _tolerances(self, X, weights):
        """Tolerance of each output."""
        n_outputs = len(self._response.outputs)
        if self.tolerance is not None:
            return np.full(n_outputs, float(self.tolerance))
        tables = self.sampler_.kind_.tables(X)
        answers = np.concatenate(
            [self._response(table, what="training row") for table in tables]
        )
        mean = np.average(answers, axis=0, weights=weights)
        variance = np.average(np.square(answers - mean), axis=0, weights=weights)
        least = _ROUNDING * np.maximum(np.abs(answers).max(axis=0), 1.0)
        return np.maximum(0.5 * np.sqrt(variance), least)

    def _warn(self, valid, subjects):
        n = int((~valid).sum())
        if not n:
            return
        first = listed(map(str, np.flatnonzero(~valid).tolist()))
        d = int(subjects.n_features.max())
        length = most_conditions(self.max_length, d)
        # Units are not cut otherwise.
        limits, cures = [], ["more bins"] if self.sampler_.kind_.columnar else []
        if length < d:
            limits.append(f"max_length={length}")
            cures.insert(0, "longer rules")
        if self.method_ == "sampling":
            limits.append(f"max_samples={most_draws(self.max_samples, self.n_samples)}")
            cures.insert(0, "more draws")
        if self.criterion_ in ("mean", "share"):
            cures.append("a larger tolerance")
        if self.criterion_ != "mean":
            cures.append("a lower precision")
        cure = " or ".join([", ".join(cures[:-1]), cures[-1]][len(cures) == 1 :])
        within = f" within {' and '.join(limits)}" if limits else ""
        n_unseen, why = int((~valid & subjects.unseen).sum()), ""
        if n_unseen:
            why = (
                f" {n_unseen} of them hold values that training never had, which no "
                "condition asks for: fit on rows that have them."
            )
        warn_caller(
            f"{n} row(s) have no rule that suffices{within}: row(s) {first}. Their best "
            f"rules are given, with valid=False; allow {cure}.{why}",
            AnchorWarning,
        )
