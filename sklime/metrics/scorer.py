"""Scorers of explainers for grid searches and cross-validation, made of metrics."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from sklime.tables.typing import TableLike


def make_explainer_scorer(
    metric: Callable[..., Any], *, greater_is_better: bool = True, **options: Any
) -> ExplainerScorer:
    """Make a scorer of explainers of a metric, as `sklearn.metrics.make_scorer` does.

    Parameters
    ----------
    metric : callable
        Takes a fitted explainer and a table, and gives a number for each row, or one: such
        as `faithfulness_correlation`.
    greater_is_better : bool, default=True
        Whether larger numbers are better; if not, the scorer gives their negative.
    **options : dict
        Passed on to the metric.

    Returns
    -------
    callable
        From an explainer, or a pipeline that ends in one, a table and `y`, which is not
        looked at, to the mean over the rows for which the metric has a number, the metric's
        warning naming the others; NaN if there is none. It goes into ``scoring=`` of
        `GridSearchCV` and `cross_validate`, alone or as a value of a dict.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklime import LimeExplainer
    >>> from sklime.metrics import faithfulness_correlation, make_explainer_scorer
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    >>> search = GridSearchCV(
    ...     LimeExplainer(forest),
    ...     {"sampler__n_bins": [4, 10]},
    ...     scoring=make_explainer_scorer(faithfulness_correlation, random_state=0),
    ...     cv=2,
    ... )
    >>> search.fit(X).best_params_
    {'sampler__n_bins': 10}
    """
    if not callable(metric):
        raise TypeError(
            f"metric must be a function from an explainer and a table, got {metric!r}: "
            "take one of sklime.metrics"
        )
    _check_call(metric, options)
    return ExplainerScorer(metric, greater_is_better, options)


class ExplainerScorer:
    """Scorer of explainers: the mean of a metric over rows.

    Parameters
    ----------
    metric, greater_is_better, options
        As for `make_explainer_scorer`.
    """

    def __init__(self, metric, greater_is_better, options):
        self.metric = metric
        self.greater_is_better = greater_is_better
        self.options = options

    def __call__(self, estimator: Any, X: TableLike, y: object = None) -> float:
        """Score a fitted explainer on rows.

        Parameters
        ----------
        estimator : LimeExplainer or Pipeline
            Fitted.
        X : table of shape (n_rows, n_features)
        y : ignored

        Returns
        -------
        float
        """
        if isinstance(estimator, Pipeline):
            if len(estimator) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator[-1]
        values = _numbers(self.metric(estimator, X, **self.options), self.metric)
        known = values[np.isfinite(values)]
        mean = known.mean() if known.size else np.nan
        return float(mean if self.greater_is_better else -mean)

    def __repr__(self) -> str:
        own = [self.metric.__name__ if hasattr(self.metric, "__name__") else "metric"]
        own += [f"{name}={value!r}" for name, value in self.options.items()]
        if not self.greater_is_better:
            own.append("greater_is_better=False")
        return f"make_explainer_scorer({', '.join(own)})"


def _numbers(values, metric):
    """What a metric gives as floats, or an error where it gives something else."""
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"metric={metric!r} gives {type(values).__name__}, expected a number, or one "
            "for each row, such as those that sklime.metrics.comprehensiveness gives"
        ) from error


def _check_call(metric, options):
    """Refuse a metric that scorers could not call, which searches would turn into NaN."""
    try:
        signature = inspect.signature(metric)
    except ValueError:
        return  # Written in C: it tells nothing about itself.
    try:
        signature.bind(None, None, **options)
    except TypeError as error:
        name = getattr(metric, "__name__", repr(metric))
        raise TypeError(
            f"metric={name} cannot be called with a fitted explainer and a table, and the "
            f"options {options}: {error}. Options of the metric are given to "
            f"make_explainer_scorer({name}, ...); a metric that compares something else "
            "needs a function of your own."
        ) from error
