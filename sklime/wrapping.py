"""An estimator around a model: what scikit-learn's protocols ask of it.

A fitted model is taken as it is and kept by reference; an unfitted one is cloned and
fitted. `clone`, `set_params`, tags and metadata routing follow from that.
"""

import copy
from types import MappingProxyType

import sklearn
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from sklime.model import is_fitted, take_or_fit, takes_weights


class WrapsModel:
    """Mixin of an estimator with a parameter `estimator`, and components that default.

    Components whose parameter is None are created when a parameter of theirs is set.
    """

    # Names of the component parameters, and what None stands for.
    _default_components = MappingProxyType({})

    def set_params(self, **params):
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
                "LimeExplainer takes as it is; wrap an unfitted one, "
                "LimeExplainer(clone(model)), to have it refitted."
            )
        for name, default in self._default_components.items():
            nested = any(key.startswith(f"{name}__") for key in params)
            if nested and params.get(name, getattr(self, name)) is None:
                params = {**params, name: default()}
        return super().set_params(**params)

    def get_metadata_routing(self):
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
        twin = super(WrapsModel, shell).__sklearn_clone__()
        twin.estimator = self.estimator
        return twin

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        kind = getattr(self.sampler, "kind", "table")
        if kind != "table":
            tags.input_tags.two_d_array = False
            tags.input_tags.string = tags.input_tags.one_d_array = kind == "text"
            tags.input_tags.three_d_array = kind != "text"
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
