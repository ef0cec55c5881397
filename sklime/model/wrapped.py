"""Mixin of estimators that wrap a model: parameters, cloning and metadata routing.

A fitted model is taken as it is and kept by reference; an unfitted one is cloned and
fitted. `clone`, `set_params`, tags and metadata routing follow from that.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

import sklearn
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from sklime.base import Component
from sklime.exceptions import warn_caller
from sklime.laws.quasirandom import seeded
from sklime.samplers.base import Sampler
from sklime.tables.access import copy_rows


class WrappedModelMixin:
    """Mixin of an estimator with a parameter `estimator` and optional components.

    Components whose parameter is None are created when a parameter of theirs is set.
    """

    # Names of the component parameters, and what None stands for.
    _default_components: Mapping[str, type[Component]] = MappingProxyType({})

    estimator: Any
    sampler: Any

    def set_params(self, **params: Any) -> Self:
        """Set parameters, also those of components that are still None.

        Parameters
        ----------
        **params : dict
            ``kernel__width=2`` creates the default kernel first where `kernel` is None.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter of a fitted model would change: it is taken as it is.
        """
        inner = [name for name in params if name.startswith("estimator__")]
        if inner and is_fitted(params.get("estimator", self.estimator)):
            raise ValueError(
                f"{inner[0]}={params[inner[0]]!r} would change a fitted model, which "
                f"{type(self).__name__} takes as it is; wrap an unfitted one, "
                f"{type(self).__name__}(clone(model)), to have it refitted."
            )
        for name, default in self._default_components.items():
            nested = any(key.startswith(f"{name}__") for key in params)
            if nested and params.get(name, getattr(self, name)) is None:
                params = {**params, name: default()}
        return super().set_params(**params)  # type: ignore[misc]

    def get_metadata_routing(self) -> MetadataRouter:
        """Metadata that `fit` takes itself and hands to the model's fit.

        Returns
        -------
        MetadataRouter
        """
        router = MetadataRouter(owner=self).add_self_request(self)
        if is_fitted(self.estimator):
            return router
        mapping = MethodMapping().add(caller="fit", callee="fit")
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_clone__(self):
        if not is_fitted(self.estimator):
            return super().__sklearn_clone__()
        # Inside a frozen wrapper the fitted model survives the ordinary clone.
        shell = copy.copy(self)
        shell.estimator = FrozenEstimator(self.estimator)
        twin = super(WrappedModelMixin, shell).__sklearn_clone__()
        twin.estimator = self.estimator
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if isinstance(self.sampler, Sampler):
            self.sampler.row_kind.tag(tags)
        if hasattr(self.estimator, "__sklearn_tags__"):
            inner = get_tags(self.estimator)
            tags.input_tags.allow_nan = inner.input_tags.allow_nan
            tags.input_tags.sparse = inner.input_tags.sparse and (
                self.sampler is None or getattr(self.sampler, "accepts_sparse", False)
            )
            tags.target_tags.required = inner.target_tags.required and not is_fitted(
                self.estimator
            )
        return tags

    def _fitted_model(self, X, y, sample_weight, params):
        if is_fitted(self.estimator) and not params:
            return self.estimator
        if params or sklearn.get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "fit", sample_weight=sample_weight, **params)
            params = routed.estimator.fit
        elif sample_weight is not None and takes_weights(self.estimator):
            params = {"sample_weight": sample_weight}
        return take_or_fit(self.estimator, X, y, params, self.random_state)


def is_fitted(estimator):
    """Whether a model counts as fitted, and is used without a fit.

    Parameters
    ----------
    estimator : object
        The model. Without `fit`, or from outside scikit-learn's conventions, it counts as
        fitted.

    Returns
    -------
    bool
    """
    if not hasattr(estimator, "fit") or not has_tags(estimator):
        return True
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        return False
    return not _has_only_a_prior(estimator)


def _has_only_a_prior(estimator):
    """Whether a Gaussian process, or a pipeline that ends in one, was never fitted.

    It answers all the same, by its prior, and so passes scikit-learn's check.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    if not has_tags(estimator) or get_tags(estimator).requires_fit:
        return False
    from sklearn.gaussian_process import GaussianProcessRegressor

    unfitted = not hasattr(estimator, "X_train_")
    return isinstance(estimator, GaussianProcessRegressor) and unfitted


def has_tags(estimator):
    """Whether a model follows scikit-learn's conventions."""
    return hasattr(estimator, "__sklearn_tags__")


def takes_weights(estimator):
    """Whether a model's fit takes `sample_weight`; warn where it would be left out.

    Parameters
    ----------
    estimator : object
        The model.

    Returns
    -------
    bool
        False for a fitted one, which is not fitted again.
    """
    if is_fitted(estimator):
        return False
    if has_fit_parameter(estimator, "sample_weight"):
        return True
    warn_caller(
        f"{type(estimator).__name__} does not take sample_weight in fit: the weights enter "
        "the training statistics only. Fit the model beforehand to weigh it.",
    )
    return False


def take_or_fit(estimator, X, y, fit_params, random_state):
    """Return the fitted model: the one given, or a clone fitted on ``(X, y)``.

    Parameters
    ----------
    estimator : object
        The model.
    X : table of shape (n_rows, n_features)
        Training rows.
    y : array-like of shape (n_rows,) or None
        Targets.
    fit_params : dict
        For the clone's `fit`.
    random_state : int, RandomState instance or None
        Seeds what the clone leaves open. None: from the system.

    Returns
    -------
    object
    """
    if is_fitted(estimator):
        return estimator
    if y is None and has_tags(estimator) and get_tags(estimator).target_tags.required:
        name = type(estimator).__name__
        raise ValueError(
            f"This {name} is not fitted and requires y to be passed, but the target y is "
            f"None: call fit(X, y), or fit the {name} beforehand."
        )
    model = seeded(clone(estimator), random_state)
    # Copies, as some models work in place, and the sampler learns from the same rows.
    try:
        return model.fit(copy_rows(X), copy_rows(y), **fit_params)
    except (TypeError, ValueError) as error:
        if y is not None:
            raise
        # Of steps, only the last knows that it needs targets.
        name = type(estimator).__name__
        raise ValueError(
            f"This {name} is not fitted, and cannot be without y, which is None: call "
            f"fit(X, y), or fit the {name} beforehand. It says: {error}"
        ) from error
