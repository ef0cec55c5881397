"""Base of the explainers: the rows that they take, the model's response, and names."""

from __future__ import annotations

from typing import Any

from sklime.fitting import check_fitted
from sklime.model.response import Response
from sklime.model.target import name_of
from sklime.model.wrapped import WrappedModelMixin
from sklime.tables.access import take_rows
from sklime.tables.lazy import refuse_lazy


class ExplainerMixin(WrappedModelMixin):
    """Mixin of estimators that explain a model's answers to rows of a sampler's kind."""

    # What `fit` saw of a table, a `TableSchema`.
    _schema: Any = None

    sampler_: Any
    estimator_: Any
    response_method: Any

    def _response_to(self, X, y, arrow, method=None):
        """The fitted model as a function of rows, of which two show what it takes.

        Parameters
        ----------
        arrow : ArrowTypes or None
            Of the Arrow table that `X` was.
        method : str, default=None
            The method that is called. None: `response_method`.
        """
        return Response(
            self.estimator_,
            self.response_method if method is None else method,
            probe=self.sampler_.kind_.tables(take_rows(X, slice(2)))[0],
            batch_size=self.sampler_.batch_size,
            output_name=name_of(y),
            arrow=arrow,
        )

    def _checked(self, X):
        """Check rows against those of the fit."""
        refuse_lazy(X)
        kind = self.sampler_.kind_
        return kind.check(kind.check_columns(self, X, reset=False))

    @property
    def _container(self):
        """The frame that Arrow tables become, that of the training table, or None."""
        return None if self._schema is None else self._schema.container

    def _column_names(self, input_features):
        """Names of the columns of the rows; those of the input are only checked."""
        check_fitted(self)
        kind = self.sampler_.kind_
        if not kind.columnar or input_features is None:
            return kind.column_names()
        # A frame's own labels need not be strings.
        own = super().get_feature_names_out(list(map(str, input_features)))
        return self.sampler_.renamed(own)
