"""The explainer: parameters, `fit`, `transform`, `explain` and `score`."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.callback import CallbackSupportMixin

from sklime.base import DocumentedEstimator
from sklime.exceptions import RowLimitReached
from sklime.explainer.arguments import (
    CONSTRUCTOR,
    EXPLAIN,
    TRANSFORM,
    names_wrong_arguments,
)
from sklime.explainer.assembly import assemble_explanation
from sklime.explainer.default_sampler import check_is_table, default_sampler
from sklime.explainer.fitted import FittedExplainer, Jobs
from sklime.explainer.growth import grow_pool
from sklime.explainer.hidden_answers import TypicalAnswers
from sklime.explainer.interactions import wanted_pairs
from sklime.explainer.metadata import metadata, parameters_in_words
from sklime.explainer.neighbours import TrainingRows
from sklime.explainer.parameters import (
    check_container,
    check_local,
    check_parameters,
    check_shapley,
    check_uncertainty,
)
from sklime.explainer.progress import (
    FitTasks,
    progress_of_queries,
)
from sklime.explainer.routes import Routes, Setting
from sklime.explainer.row_limit import explain_within_limit, predictions_within_limit
from sklime.explainer.runner import explain_rows
from sklime.explainer.streams import StreamsMixin
from sklime.explainer.tasks import Task
from sklime.explainer.widths import measure_widths
from sklime.explanation.attribution import CONTRIBUTION, VIEWS, Attribution
from sklime.explanation.container import Explanation
from sklime.fitting import atomic_fit, check_fitted, tells_callbacks
from sklime.kernels import ExponentialKernel, Kernel, KernelLike, as_kernel
from sklime.laws.quasirandom import RandomState, resolve_seed, seeded
from sklime.model.refits import FittedState
from sklime.model.target import rename_outputs
from sklime.samplers import MarginalSampler
from sklime.samplers.base import Sampler
from sklime.selectors import AllFeatures, MomentSelector
from sklime.tables.access import in_sparse_interface, take_rows
from sklime.tables.arrow_tables import ArrowTypes, as_frame, from_arrow
from sklime.tables.lazy import refuse_lazy
from sklime.tables.typing import Table, TableLike
from sklime.validation import check_option


class LimeExplainer(
    StreamsMixin,
    CallbackSupportMixin,
    OneToOneFeatureMixin,
    TransformerMixin,
    DocumentedEstimator,
):
    r"""Explain the predictions of any model with LIME, whole tables at once.

    For each row a weighted linear surrogate is fitted to the model's responses in a
    neighbourhood, :math:`\min_{b_0, b} \sum_i w_i (f(x_i) - b_0 - z_i^\top b)^2 +
    \bar w \lVert b \rVert^2`; its coefficients are the row's attributions, in the
    sampler's interpretable units: for a binned or categorical column the effect of being
    in the row's own bin rather than outside it, for a standardised column the effect of
    one training standard deviation.

    Parameters
    ----------
    estimator : object
        The model. A fitted one is taken as it is, also through `clone`, grid searches and
        cross-validation; an unfitted one is cloned and fitted on ``(X, y)``. Any object
        with ``predict_proba``, ``decision_function`` or ``predict`` and without ``fit`` is
        a black box, a Booster of xgboost or lightgbm, too; wrap a raw function in
        `FunctionClassifier` or `FunctionRegressor`. It gets rows in the container that the
        explainer was fitted on, unless it was itself fitted on an array.
    sampler : Sampler or None, default=None
        How rows are perturbed. None: `MarginalSampler()` for tables, `TokenSampler()` for
        texts, which are a list, an array or a Series of str; a frame is a table, whatever
        its columns. Images and series need a sampler of theirs.
    kernel : Kernel, callable, Gaussian-process kernel or None, default=None
        How draws are weighted. None: `ExponentialKernel()`, Euclidean with width
        ``0.75 * sqrt(n_features)`` for tables. `ShapleyKernel()`: attributions are Shapley
        values, under samplers that keep or drop, such as `CoalitionSampler`.
    selector : selector or None, default=None
        Which features a surrogate may use: one of `sklime.selectors` or any scikit-learn
        selector that takes ``fit(Z, y, sample_weight=w)``. None: `AllFeatures()`.
    surrogate : scikit-learn linear regressor or None, default=None
        Fitted to each row's draws; must take `sample_weight`, which it gets with mean 1.
        None: ridge regression with penalty 1 in units of the mean weight; where features
        are independent, as bins under the default sampler and kernel are, contrasts of
        means, which no penalty shrinks.
    method : {"auto", "exact", "sampling"}, default="auto"
        "exact": LIME's limit for infinitely many draws, in closed form; an error that says
        why where there is none. "sampling": draws. "auto": exact where the model, the
        sampler, the kernel, the selector and the surrogate allow it, else draws; for texts,
        images and sequences this is tested anew for every row. A closed form that fails
        unexpectedly gives way to draws, with a `ClosedFormWarning`.
    weighting : {"auto", "kernel", "tilted"}, default="auto"
        How draws follow the kernel. "kernel": draws of the sampler, weighted. "tilted":
        draws of each row's own from the kernel-weighted law, unweighted, so that a narrow
        kernel wastes none; costs `n_samples` model rows for every explained row. "auto":
        weighted, but tilted, at that cost, for rows whose effective sample size is below a
        tenth of the draws: their effective sample size is then the number of draws.
    attribution : {"effect", "contribution"}, default="effect"
        What `transform` gives, and `explain` as its `values`. "effect": the surrogate's
        coefficient, which says what changes if a condition holds. "contribution": the
        coefficient times how far the row lies from its neighbourhood's mean, which adds up
        to the local prediction and is what rankings over rows go by. Fidelity and
        selection are the same.
    n_samples : int, default=4096
        Draws per row (shared by all rows where they do not depend on the row).
    target : "auto", "predicted", "all" or a label, default="auto"
        Which output is explained. "auto": a regressor's prediction, ``classes_[1]`` of two
        classes, all outputs of a multi-output regressor or multilabel classifier, else each
        row's own predicted class. Under a target per row the columns of `transform` mix
        classes: use "all" or a label before clustering them.
    response_method : str, default="auto"
        The method of the model that is explained: "predict_proba", "decision_function",
        "predict", or "auto" for the first of these that it has. "decision_function" of
        classifiers of xgboost, lightgbm and catboost, and of boosters, is their margin.
    tol : float or None, default=None
        Draw until the half-widths of the 95 % confidence intervals are at most `tol` times
        the row's largest attribution. A pool that all rows share grows in `fit`, by up to
        256 training rows, and stops at once where `max_samples` cannot be enough; draws of
        a row's own grow row by row. None: draw once.
    max_samples : int or None, default=None
        The most draws with `tol`, and the most own-value draws of all rows of a call (see
        `MarginalSampler`). None: 32 times `n_samples`; for own-value draws 262,144 if that
        is more, and no limit for those of rows that are drawn for one by one anyway.
    random_state : int, RandomState instance or None, default=None
        Source of all draws, resolved once, in `fit`; also of the random states that an
        unfitted model, the selector and the surrogate leave open.
    n_jobs : int or None, default=None
        Jobs over pieces of rows, in threads unless a joblib backend is chosen. Processes
        get what rows need, mostly 1 MB, once, and then rows. Of models in threads each has
        its share of the cores, whatever its own `n_jobs`.
    verbose : int, default=0
        Above 0: progress bars, with rate and time left: over the rows that the model is
        queried about in `fit`, over training rows where draws are added for `tol`, and
        over the rows in `transform`, `explain` and `score`, which then go in twenty steps
        at least. In `fit`, callbacks of scikit-learn (`set_callbacks`) are told of four
        tasks.

    Attributes
    ----------
    estimator_ : object
        The fitted model.
    sampler_, kernel_, selector_, surrogate_ : objects
        The components in use, fitted or resolved; `surrogate_` is None for the ridge.
    classes_ : ndarray of shape (n_classes,)
        Only if the model has classes.
    method_ : str
        "exact" or "sampling": which is in use.
    n_samples_ : int
        Number of draws; with `tol`, the number that draws for a single row start with.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `fit` saw a frame.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?": Explaining the Predictions
    of Any Classifier.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklime import LimeExplainer
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(forest, target=2, random_state=0).fit(X)
    >>> explainer.transform(X).shape
    (150, 4)
    """

    estimator_: Any
    sampler_: Sampler
    kernel_: Kernel
    selector_: MomentSelector | BaseEstimator
    surrogate_: BaseEstimator | None
    classes_: NDArray[Any]
    method_: Literal["exact", "sampling"]
    n_samples_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    _default_components = MappingProxyType(
        {"sampler": MarginalSampler, "kernel": ExponentialKernel, "selector": AllFeatures}
    )

    # Responses of the model that `fit` takes as known, and adds its own to.
    _known_responses: dict[str, NDArray[np.float64]] | None = None

    @names_wrong_arguments(
        CONSTRUCTOR, "give the table to fit, LimeExplainer(model).fit(X), others by name"
    )
    def __init__(
        self,
        estimator: Any,
        *,
        sampler: Sampler | None = None,
        kernel: KernelLike | None = None,
        selector: MomentSelector | BaseEstimator | None = None,
        surrogate: BaseEstimator | None = None,
        method: Literal["auto", "exact", "sampling"] = "auto",
        weighting: Literal["auto", "kernel", "tilted"] = "auto",
        attribution: Attribution = "effect",
        n_samples: int = 4096,
        target: object = "auto",
        response_method: Literal[
            "auto", "predict_proba", "decision_function", "predict"
        ] = "auto",
        tol: float | None = None,
        max_samples: int | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.sampler = sampler
        self.kernel = kernel
        self.selector = selector
        self.surrogate = surrogate
        self.method = method
        self.weighting = weighting
        self.attribution = attribution
        self.n_samples = n_samples
        self.target = target
        self.response_method = response_method
        self.tol = tol
        self.max_samples = max_samples
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @atomic_fit
    @tells_callbacks
    def fit(
        self,
        X: TableLike,
        y: ArrayLike | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        **params: Any,
    ) -> Self:
        """Learn the training statistics, draw the pool and query the model about it.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Training rows: array, pandas or polars frame, sparse matrix, or Arrow table,
            as a pandas frame; or rows of the sampler's kind, such as a list of texts.
        y : array-like of shape (n_rows,), optional
            Targets: needed where the model is not fitted yet or the sampler uses them. A
            regressor's prediction is called by the name of the series or the only column.
        sample_weight : array-like of shape (n_rows,), optional
            Weights of the rows in the training statistics, and in the fit of an unfitted
            model that takes them.
        **params : dict
            Routed to the fit of an unfitted model, where metadata routing is enabled.

        Returns
        -------
        self
        """
        check_parameters(self)
        refuse_lazy(X)
        arrow, X = ArrowTypes.of(X), as_frame(X)
        task = FitTasks(self, X, y, n_tasks=4)
        self.sampler_ = default_sampler(X) if self.sampler is None else clone(self.sampler)
        check_is_table(self.sampler_, X)
        X = self.sampler_.row_kind.check_columns(self, X, reset=True)
        with task("fit-model"):
            self.estimator_ = self._fitted_model(X, y, sample_weight, params)
        with task("fit-sampler"):
            self.sampler_.fit(X, y, sample_weight=sample_weight)
        self.n_features_in_ = self.sampler_.n_features_in_
        X = self.sampler_.kind_.check(X)
        model_state = FittedState(self.estimator_)
        response = self._response_to(X, y, arrow)
        response.resolve(self.target)
        if response.classes is not None:
            self.classes_ = response.classes
        kernel = self.sampler_.default_kernel_ if self.kernel is None else self.kernel
        self.kernel_ = as_kernel(kernel).resolve(
            metric=self.sampler_.default_metric_, width=self.sampler_.default_width_
        )
        check_local(self.kernel_, self.sampler_, self.weighting)
        check_shapley(self.kernel_, self.sampler_, self.surrogate)
        self._seed = resolve_seed(self.random_state)
        # Clones of these share their seeds, so that equal rows are explained alike.
        self.selector_ = AllFeatures()
        if self.selector is not None:
            self.selector_ = seeded(clone(self.selector), self._seed)
        self.surrogate_ = self.surrogate
        if self.surrogate is not None:
            self.surrogate_ = seeded(clone(self.surrogate), self._seed)
        if sample_weight is not None:
            # The others taught nothing, and may hold what is unknown.
            X = take_rows(X, np.flatnonzero(np.asarray(sample_weight) > 0))
        response.known = self._known_responses
        with task("query-model"), progress_of_queries(response, self.verbose):
            hidden = TypicalAnswers.of(response, self.sampler_, X)
            routes = Routes(self._setting(response), X)
        response.known = None
        model_state.leave_out_changes(self.estimator_)
        self._fitted = FittedExplainer(
            sampler=self.sampler_,
            kernel=self.kernel_,
            selector=self.selector_,
            response=response,
            routes=routes,
            hidden=hidden,
            training_rows=TrainingRows.of(self.sampler_, X),
            model_state=model_state,
        )
        self.method_ = routes.method
        with task("grow-pool"):
            grow_pool(self._fitted, X, self.target, self.verbose)
        self.n_samples_ = self._fitted.n_samples
        self._parameters = parameters_in_words(self)
        task.end()
        return self

    @names_wrong_arguments(TRANSFORM, "transform takes rows alone")
    def transform(self, X: TableLike) -> Table:
        """Explain every row.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to explain; also as an Arrow table or record batch.

        Returns
        -------
        ndarray, CSR matrix or CSR array of shape (n_rows, n_features)
            Attributions, one column per input column (one for all columns of a group, see
            `MarginalSampler`), 0 for features not selected; NaN, with a warning, for rows
            whose draws the model may no longer answer (see `Calls`); for ``target="all"``
            of shape ``(n_rows, n_outputs * n_features)``, by output. Sparse for sparse `X`,
            with the row's stored entries: a matrix or an array, as scikit-learn's setting
            ``sparse_interface`` says.
        """
        check_fitted(self)
        check_container(self)
        task = self._task(self._contributes())
        checked = self._checked(from_arrow(X, self._container))
        try:
            values = explain_rows(self._fitted, task, checked, self._jobs)
        except RowLimitReached as limit:
            values = explain_within_limit(self._fitted, task, checked, limit)
        return in_sparse_interface(values)

    @names_wrong_arguments(
        EXPLAIN, "explain takes rows without targets; to choose an output give target="
    )
    def explain(
        self,
        X: TableLike,
        *,
        target: object = None,
        target_name: str | Sequence[str] | None = None,
        uncertainty: bool = False,
        interactions: bool | Sequence[Sequence[object]] | None = None,
        neighbours: int | None = None,
    ) -> Explanation:
        r"""Explain every row, with all that is known about each explanation.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to explain.
        target : "auto", "predicted", "all" or a label, optional
            Instead of the explainer's own.
        target_name : str or sequence of str, optional
            What the explained output is called, instead of a class label, the name of `y`
            in `fit`, or "y". For ``target="all"`` a name of each output.
        uncertainty : bool, default=False
            Whether to add standard errors. The attributions stay the same.
        interactions : True or list of pairs of features, optional
            Adds the `interactions` of these pairs, each two names or positions of columns,
            or two names of units, such as words: by how much the effect of one changes with
            the other. That is the coefficient of the product of both, each measured from
            its mean, in a surrogate with such terms, whose other coefficients stay as they
            are: of bins and categories the second contrast, of standardised columns
            :math:`\mathrm{Cov}((z_j - \bar z_j)(z_k - \bar z_k), f) / (\mathrm{Var} z_j
            \mathrm{Var} z_k)` under the kernel's weights, of masks with all products of two
            units in the surrogate, of Shapley values the Shapley interaction index. True:
            all pairs; of more than 1,000 those that interact most, where draws are around
            each row by its first 16. In closed form where the model has one, else from
            draws, with standard errors: the same, but that the model is queried again
            about draws of single rows of a table.
        neighbours : int, optional
            Adds the `neighbour_scores`, R squared of each surrogate on as many training
            rows, the nearest, at least 2, about which the model is queried. Nearest are, in
            the sampler's units, those of the least squared distance: of standardised
            columns the squared difference, of bins and categories 1 where they differ;
            among equally many that differ, the nearest by standardised numbers. `fit` keeps
            up to 10,000 training rows for this, drawn at random from more.

        Returns
        -------
        Explanation

        Raises
        ------
        ValueError
            If there are interactions of such pairs neither in closed form nor from draws:
            those need columns that are drawn independently and a kernel that is a product
            over columns, or masks that tell no unit from another. If there are fewer
            training rows than `neighbours`, or rows are not described by the columns of a
            dense table.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.ensemble import RandomForestRegressor
        >>> from sklime import LimeExplainer
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
        >>> explainer = LimeExplainer(forest, random_state=0).fit(X)
        >>> own = explainer.explain(X[:2], interactions=[("bmi", "s5"), ("bmi", "bp")])
        >>> own.interactions.shape, own.interaction_pairs
        ((2, 2), [('bmi', 's5'), ('bmi', 'bp')])
        """
        if uncertainty:
            check_uncertainty(self.surrogate, "uncertainty=True")
        asked = self._ask(X, self.target if target is None else target)
        fitted, rows = self._fitted, asked.rows
        outputs_named = rename_outputs(asked.target, fitted.response.outputs, target_name)
        pairs = wanted_pairs(interactions, asked, fitted.routes)
        near = fitted.near(rows, "neighbours", neighbours)
        answers = asked.answers
        if answers is None:
            answers = predictions_within_limit(rows, fitted.response)
        parts = fitted.parts(asked, self._jobs, uncertainty, pairs, near)
        blocks, own_answers = parts
        # Rows may differ in whether they have a closed form.
        n_drawn = len(rows)
        if self.method_ == "exact":
            n_drawn = sum(int((~own.exact).sum()) for own, *_ in blocks)
        meta = metadata(self, fitted.routes, len(rows), n_drawn, own_answers)
        if pairs is not None:
            pairs = pairs.joined([told for *_, told in blocks])
            meta |= pairs.metadata(fitted.routes)
        if neighbours is not None:
            meta["neighbours"] = int(neighbours)
        own = blocks, rows, *outputs_named, answers, asked.outputs, meta, pairs
        explanation = assemble_explanation(*own)
        return explanation.contributions() if self._contributes() else explanation

    def score(self, X: TableLike, y: object = None) -> float:
        r"""Local fidelity: how well the surrogates predict the model on fresh draws.

        The draws come from a fixed reference neighbourhood, the same for every width,
        sampler and selector: each component keeps the row's value with probability 1/2,
        else is redrawn from its training marginal, 512 draws a row. The score is
        :math:`1 - \sum (f - g)^2 / \sum (f - \bar f_{row})^2`, both sums over all rows,
        draws and explained outputs. At most 1; negative where the rows' mean responses
        predict better than the surrogates.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            Rows to explain.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        float
            NaN if a row has no surrogate.
        """
        asked = self._ask(X, self.target)
        return self._fitted.score(asked, self._jobs)

    def _score_on_neighbours(self, X, n_neighbors):
        """Fidelity as of `score`, but on the nearest training rows, for metrics."""
        asked = self._ask(X, self.target)
        return self._fitted.score_on_neighbours(asked, n_neighbors, self._jobs)

    def _scores(self, X):
        """Fidelity of all rows on their own draws, for metrics."""
        return self._fitted.scores(self._ask(X, self.target), self._jobs)

    def _contributions_of(self, X):
        """Contributions to the explained outputs, and how many these are, for metrics."""
        task = self._task(contributions=True)
        checked = self._checked(from_arrow(X, self._container))
        values = explain_rows(self._fitted, task, checked, self._jobs)
        n_outputs = self._fitted.response.resolve(self.target).n_explained
        return in_sparse_interface(values), n_outputs

    def _responses_of(self, X):
        """The response, and which of its outputs are explained for rows, for metrics."""
        outputs = self._ask(X, self.target).outputs
        return self._fitted.response, outputs

    def _measure_widths(self, X, widths, n_repeats, verbose):
        """Fidelity and attributions of copies with other widths, for displays."""
        return measure_widths(self, X, widths, n_repeats, verbose)

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Names of the columns of `transform`.

        Parameters
        ----------
        input_features : array-like of str, optional
            Only checked against the names seen in `fit`.

        Returns
        -------
        ndarray of str
            The input columns' names; for ``target="all"`` ``<output>__<feature>``.
        """
        names = self._column_names(input_features)
        target = self._fitted.response.resolve(self.target)
        if not target.multiple:
            return names
        return np.array(
            [f"{c}__{name}" for c in target.names for name in names], dtype=object
        )

    def _contributes(self):
        """Whether contributions are wanted, also where that was changed after `fit`."""
        check_option(self, "attribution", VIEWS)
        return self.attribution == CONTRIBUTION

    @property
    def _training_rows(self):
        """Rows of the training table, for fidelity on real rows, or None."""
        check_fitted(self)
        return self._fitted.training_rows

    @property
    def _routes(self):
        """Which source of moments serves which row."""
        return self._fitted.routes

    @property
    def _jobs(self):
        """How rows are gone through; it may change after `fit`."""
        return Jobs(self.n_jobs, self.verbose)

    def _setting(self, response):
        """Resolved components of the fit, for the routes of rows."""
        return Setting(
            law=self.sampler_.law_,
            kernel=self.kernel_,
            response=response,
            selector=self.selector_,
            surrogate=self.surrogate_,
            method=self.method,
            weighting=self.weighting,
            n_samples=self.n_samples,
            tol=self.tol,
            max_samples=self.max_samples,
            seed=self._seed,
        )

    def _ask(self, X, target):
        """Check rows, and find what is explained of them."""
        check_fitted(self)
        self._fitted.check_model()
        X = from_arrow(X, self._container)
        return self._fitted.ask(self._checked(X), X, target)

    def _task(self, contributions):
        """What `transform` makes of rows, of a fit that is still the model's."""
        check_fitted(self)
        self._fitted.check_model()
        return Task(self.target, contributions)
