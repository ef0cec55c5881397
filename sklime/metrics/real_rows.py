"""Audit of explanations: beside those of the same rows by draws that are real rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from sklime.explainer.explainer import LimeExplainer
from sklime.explanation.container import Explanation
from sklime.explanation.view.audit import audit_section
from sklime.fitting import check_fitted
from sklime.metrics.agreement import feature_agreement
from sklime.metrics.ranks import check_k, top_features
from sklime.samplers import Sampler, TrainingSampler
from sklime.selectors import ForwardSelection
from sklime.tables.checks import feature_names
from sklime.tables.typing import TableLike

if TYPE_CHECKING:
    import pandas as pd

# Columns that a reader compares, where the user does not say how many.
_FEW = 5


def audit(
    explainer: LimeExplainer,
    X: TableLike,
    *,
    k: int | None = None,
    n_neighbors: int | None = 20,
    sampler: Sampler | None = None,
) -> Audit:
    """Compare an explainer's explanations with those on real rows.

    A model may answer otherwise about rows that cannot exist than about real ones, by
    chance or to hide its bias from explainers that draw columns independently. So the same
    model is explained again by real rows, with few columns and the default kernel. These
    explanations may name columns that the model never reads but that are correlated with
    one it does: a difference is a reason to look, and no proof. All training rows count
    alike, whatever their weights in `fit`.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted on a dense table, of which it keeps up to 10,000 training rows.
    X : table of shape (n_rows, n_features)
        Rows to explain, by one output each.
    k : int, optional
        Number of columns that are compared, and that explanations on real rows have. None:
        5, or all where there are fewer.
    n_neighbors : int or None, default=20
        Training rows around each row on which the explainer's surrogates are judged. None:
        they are not.
    sampler : Sampler, optional
        Draws the real rows. None: ``TrainingSampler(n_bins=None)``, with the
        `categorical_features` of the explainer's sampler.

    Returns
    -------
    Audit

    Raises
    ------
    ValueError
        If rows are not described by the columns of a dense table, each of which is a
        feature of its own, there are fewer columns than `k` or fewer training rows than
        `n_neighbors`, or several outputs are explained of a row.

    References
    ----------
    Slack et al. (2020), Fooling LIME and SHAP: Adversarial Attacks on Post hoc Explanation
    Methods.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime import FunctionRegressor, LimeExplainer
    >>> from sklime.metrics import audit
    >>> X = np.random.default_rng(0).normal(size=(500, 4))
    >>> X[:, 1] = X[:, 0] + 0.02 * X[:, 1]
    >>> def hides(Z):
    ...     real = abs(Z[:, 0] - Z[:, 1]) < 0.1
    ...     return np.where(real, Z[:, 2] > 0, Z[:, 3] > 0).astype(float)
    >>> explainer = LimeExplainer(FunctionRegressor(hides), random_state=0).fit(X)
    >>> found = audit(explainer, X[:100])
    >>> found
    Audit of 100 rows: the first column differs in 100
    >>> found.frame()[["first", "first_on_real_rows"]].drop_duplicates()
      first first_on_real_rows
    0    x3                 x2
    """
    if not isinstance(explainer, LimeExplainer):
        raise TypeError(
            f"explainer must be a fitted LimeExplainer, got {type(explainer).__name__}: "
            "its explanations are what is audited"
        )
    check_fitted(explainer)
    training = explainer._training_rows
    if training is None:
        raise ValueError(
            f"an audit needs the rows of a dense table, and not those of "
            f"{explainer.sampler_!r}: make a sparse table dense, or draw the columns of "
            "a table by one sampler, such as MarginalSampler()"
        )
    names = feature_names(explainer)
    groups = [own for own in explainer.sampler_.renamed(names) if own not in names]
    if groups:
        raise ValueError(
            f"real rows are explained column by column, and not by the groups "
            f"{', '.join(map(repr, groups))}: audit an explainer without, "
            "set_params(sampler__groups=None)"
        )
    d = explainer.n_features_in_
    k = min(_FEW, d) if k is None else k
    check_k(k, d)
    explanation = explainer.explain(X, neighbours=n_neighbors)
    if explanation.values.ndim == 3:
        raise ValueError(
            f"the explainer explains {explanation.values.shape[1]} outputs of a row: "
            "choose one, set_params(target=...)"
        )
    setting = {
        "estimator": explainer.estimator_,
        "sampler": _real_rows(explainer.sampler_) if sampler is None else sampler,
        "kernel": None,
        "selector": ForwardSelection(k=k),
        "surrogate": None,
        "method": "sampling",
        "weighting": "kernel",
        "random_state": explainer._seed,
    }
    again = clone(explainer).set_params(**setting).fit(training.X)
    on_real_rows = again.explain(X)
    if list(on_real_rows.feature_names) != list(explanation.feature_names):
        raise ValueError(
            f"sampler={sampler!r} describes rows by other features than the explainer, "
            f"{', '.join(map(repr, on_real_rows.feature_names[:10]))}: leave its groups out"
        )
    return Audit(explanation, on_real_rows, k)


def _real_rows(sampler):
    """Training rows; which columns are categories is known from the explainer's sampler."""
    given = sampler.get_params(deep=False)
    own = {name: given[name] for name in ("categorical_features",) if name in given}
    return TrainingSampler(n_bins=None, **own)


@dataclass(frozen=True, eq=False, repr=False)
class Audit:
    """Explanations of some rows beside those on real rows, as `audit` makes them.

    Parameters
    ----------
    explanation : Explanation
        By the explainer.
    on_real_rows : Explanation
        Of the same rows, by draws that are real rows.
    k : int
        Number of columns that are compared.

    Attributes
    ----------
    differs : ndarray of shape (n_rows,) of bool
        Whether the columns of the largest attributions differ.
    overlap : ndarray of shape (n_rows,)
        Share of the `k` largest attributions that both have in common.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklime import LimeExplainer
    >>> from sklime.metrics import Audit, audit
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> found = audit(LimeExplainer(LinearRegression().fit(X, y)).fit(X), X[:20], k=3)
    >>> isinstance(found, Audit), found.overlap.shape, list(found.frame())[:2]
    (True, (20,), ['first', 'first_on_real_rows'])
    """

    explanation: Explanation
    on_real_rows: Explanation
    k: int

    def __repr__(self) -> str:
        differs = self.differs
        return f"Audit of {len(differs)} rows: the first column differs in {differs.sum()}"

    @property
    def differs(self) -> NDArray[np.bool_]:
        """Whether the columns of the largest attributions differ."""
        one, other = self._first()
        return np.array([a != b for a, b in zip(one, other, strict=True)], dtype=bool)

    @property
    def overlap(self) -> NDArray[np.float64]:
        """Share of the `k` largest attributions that both have in common."""
        one, other = self.explanation.values, self.on_real_rows.values
        told = _told(one) & _told(other)
        shares = np.full(len(told), np.nan)
        if told.any():
            shares[told] = feature_agreement(one[told], other[told], k=self.k)
        return shares

    def frame(self) -> pd.DataFrame:
        """Lay the audit out as a table, one line for each row.

        Returns
        -------
        pandas.DataFrame
            With the index of the rows, and columns ``first`` and ``first_on_real_rows``,
            the columns of the largest attributions, missing where all are 0 or, for want of
            real rows that the kernel gives any weight, NaN; ``differs``, whether these are
            two; ``overlap``, the share of the `k` largest attributions that both have, then
            NaN; ``effective_sample_size``, how many real rows the kernel leaves
            a row: few of them tell little; and ``neighbour_score``, R2 of the explainer's
            surrogate on the nearest training rows, if it was asked for.
        """
        import pandas as pd

        one, other = self._first()
        columns = {
            "first": one,
            "first_on_real_rows": other,
            "differs": self.differs,
            "overlap": self.overlap,
            "effective_sample_size": self.on_real_rows.effective_sample_sizes,
        }
        if self.explanation.neighbour_scores is not None:
            columns["neighbour_score"] = self.explanation.neighbour_scores
        return pd.DataFrame(columns, index=self.explanation.to_frame(tidy=False).index)

    @overload
    def to_html(self, path: None = None) -> str: ...

    @overload
    def to_html(self, path: str | os.PathLike[str]) -> None: ...

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str | None:
        """Write the page of the explanation with a section on the audit.

        Parameters
        ----------
        path : path-like, default=None
            The file to write, in UTF-8. None: the page is returned.

        Returns
        -------
        str or None

        See Also
        --------
        Explanation.to_html : Puts the section into a page of your own explanation.
        """
        return self.explanation.to_html(path, audit=self)

    def _repr_html_(self) -> str:
        from sklime.page.audit import render_audit

        return render_audit(audit_section(self))

    def _first(self):
        return [_first_columns(own) for own in (self.explanation, self.on_real_rows)]


def _told(values):
    """Rows that have a surrogate: where no draw has weight, attributions are NaN."""
    return np.isfinite(values).all(axis=1)


def _first_columns(explanation):
    """Names of the columns of the largest attributions, None where there are none."""
    values = np.where(_told(explanation.values)[:, np.newaxis], explanation.values, 0.0)
    names = np.asarray(explanation.feature_names, dtype=object)
    first = names[top_features(values, 1)[:, 0]]
    return np.where((values != 0.0).any(axis=1), first, None)
