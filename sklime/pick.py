"""SP-LIME: a few rows whose explanations together show what the model relies on."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import gen_batches
from sklearn.utils.validation import validate_data

from sklime.base import DocumentedEstimator
from sklime.exceptions import warn_caller
from sklime.explanation.attribution import Attribution
from sklime.explanation.container import Explanation
from sklime.explanation.greedy_picks import greedy_picks
from sklime.explanation.matrix import attribution_matrix, check_finite_rows
from sklime.fitting import atomic_fit
from sklime.laws.quasirandom import RandomState, generator_of
from sklime.tables.typing import TableLike
from sklime.validation import check_count

__all__ = ["SubmodularPick"]

# Features that a reader takes in at a time.
_MOST_FEATURES = 10


class SubmodularPick(DocumentedEstimator):
    r"""Pick the rows whose attributions together cover the important features (SP-LIME).

    A feature's importance is :math:`I_j = \sqrt{\sum_i |A_{ij}|}`. A row covers the
    features of its `n_features` largest attributions, and a set of rows `V` has the
    coverage

    .. math:: c(V) = \sum_j I_j \, \mathbb{1}[\text{some row of } V \text{ covers } j].

    Row by row the one that adds most is picked; the coverage of these rows is at least
    :math:`1 - 1/e` times the best of equally many. Once no row adds anything, the rest are
    picked by :math:`\sum_j I_j |A_{ij}|`. Ties go to the lower row number, and within a
    row to the lower column.

    Parameters
    ----------
    n_picks : int, default=5
        Number of rows to pick.
    n_features : int or None, default=None
        Number of features that a row covers at most: as many as a reader takes in at a
        time. Were it unlimited, one dense row would cover everything. None: half of the
        columns, rounded up, and 10 at most, so that of few columns, too, no row covers
        all.
    max_candidates : int or None, default=None
        Pick among this many rows, drawn at random. None: among all rows. Importances are
        of all rows in either case.
    random_state : int, RandomState instance or None, default=None
        Draws the candidates; nothing else is random.
    attribution : {"contribution", "effect"} or None, default=None
        What of an `Explanation` is looked at. None: contributions, of which conditions
        that hold for nearly everyone have little; effects where the explanation does not
        know contributions. A matrix is taken as it is: for contributions from a pipeline
        give ``LimeExplainer(attribution="contribution")``.

    Attributes
    ----------
    indices_ : ndarray of shape (n_picks,) of int
        The picked rows, in the order of picking.
    importances_ : ndarray of shape (`n_features_in_`,)
        Importance of each column.
    coverage_ : ndarray of shape (n_picks,)
        Share of the sum of all importances that is covered after each pick, in [0, 1].
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, where `fit` saw a frame.

    See Also
    --------
    sklime.cohorts.Cohorts : Groups of rows that are explained alike.

    References
    ----------
    Ribeiro, Singh, Guestrin (2016), "Why Should I Trust You?", algorithm 2. Lazy evaluation
    of the gains: Minoux (1978), Accelerated greedy algorithms for maximizing submodular
    set functions.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklime import LimeExplainer
    >>> from sklime.pick import SubmodularPick
    >>> X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> explainer = LimeExplainer(model, random_state=0)
    >>> pick = make_pipeline(explainer, SubmodularPick(n_picks=3)).fit(X)[-1]
    >>> X.iloc[pick.indices_].shape
    (3, 30)
    """

    indices_: NDArray[np.intp]
    importances_: NDArray[np.float64]
    coverage_: NDArray[np.float64]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        n_picks: int = 5,
        n_features: int | None = None,
        *,
        max_candidates: int | None = None,
        random_state: RandomState = None,
        attribution: Attribution | None = None,
    ) -> None:
        self.n_picks = n_picks
        self.n_features = n_features
        self.max_candidates = max_candidates
        self.random_state = random_state
        self.attribution = attribution

    @atomic_fit
    def fit(self, A: TableLike | Explanation, y: object = None) -> Self:
        """Pick rows of an attribution matrix.

        Parameters
        ----------
        A : array-like, frame, CSR or Explanation of shape (n_rows, n_features_in)
            Attributions, such as `LimeExplainer.transform` gives them. An `Explanation` has
            a column for each name of a feature or unit, with ``target="all"`` one for each
            output. Pick images from explanations, cut by one grid: `transform` gives a
            column to each pixel.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there are fewer rows or candidates than picks, a row has attributions that
            are not finite, or a parameter is no such number.
        """
        self._check_parameters()
        A = attribution_matrix(A, self.attribution)
        A = validate_data(
            self,
            A,
            accept_sparse="csr",
            dtype=np.float64,
            order="C",
            ensure_all_finite=False,
        )
        size = _sizes(A)
        check_finite_rows(size, "A")
        self.importances_ = np.sqrt(size.sum(axis=0))
        candidates = self._candidates(size.shape[0])
        size = size if len(candidates) == size.shape[0] else size[candidates]
        n_features = self.n_features
        if n_features is None:
            n_features = min(_MOST_FEATURES, -(-size.shape[1] // 2))
        covered = _covered(size, n_features)
        worth = _whole(self.importances_)
        picks = greedy_picks(covered, worth, self.n_picks)
        if len(picks) < self.n_picks:
            # Relative importances, as products of large numbers overflow.
            magnitudes = _whole(size @ (worth / 2.0**32))
            magnitudes[picks] = -1
            order = np.argsort(-magnitudes, kind="stable")
            picks = np.append(picks, order[: self.n_picks - len(picks)])
        self.indices_ = candidates[picks]
        self.coverage_ = self._coverage(covered[picks])
        return self

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self):
        for name in ("n_picks", "n_features", "max_candidates"):
            n = getattr(self, name)
            if n is None and name != "n_picks":
                continue
            check_count(name, n)

    def _candidates(self, n_samples):
        n_candidates = min(self.max_candidates or n_samples, n_samples)
        if self.n_picks > n_candidates:
            found = (
                f"n_samples={n_samples}"
                if n_candidates == n_samples
                else f"max_candidates={self.max_candidates}"
            )
            raise ValueError(
                f"n_picks={self.n_picks} is more than {found}: pick at most as many rows "
                "as there are to choose from."
            )
        if n_candidates == n_samples:
            return np.arange(n_samples)
        rng = generator_of(self.random_state)
        return np.sort(rng.choice(n_samples, n_candidates, replace=False))

    def _coverage(self, covered):
        if not self.importances_.any():
            warn_caller(
                "all attributions are 0, so that there is nothing to cover: the first rows "
                "are picked.",
            )
            return np.zeros(self.n_picks)
        first = np.full(len(self.importances_), self.n_picks)
        picks, features = covered.nonzero()
        np.minimum.at(first, features, picks)
        # What no pick covers comes last, so that full coverage is exactly 1.
        total = np.cumsum(np.bincount(first, self.importances_, self.n_picks + 1))
        return total[:-1] / total[-1]


def _sizes(A):
    """Absolute attributions; duplicate entries of a sparse matrix summed, in order."""
    if sparse.issparse(A):
        # A copy, as SciPy puts it in order in place.
        A = sparse.csr_array(A, copy=True)
        A.sum_duplicates()
    return abs(A)


def _covered(size, k):
    """Features that each row covers: 1 at its k largest entries above 0, in CSR."""
    n, d = size.shape
    if sparse.issparse(size):
        ends, lengths = size.indptr, np.diff(size.indptr)
        kept = np.empty(size.nnz, dtype=bool)
        for rows in _blocks(n, lengths.max()):
            entries = slice(ends[rows.start], ends[rows.stop])
            stored = np.arange(lengths[rows].max()) < lengths[rows, np.newaxis]
            padded = np.zeros(stored.shape)
            padded[stored] = size.data[entries]
            kept[entries] = _largest(padded, k)[stored]
        entries = np.flatnonzero(kept)
        features = size.indices[entries]
    else:
        ends, kept = np.arange(n + 1) * d, np.empty((n, d), dtype=bool)
        for rows in _blocks(n, d):
            kept[rows] = _largest(size[rows], k)
        entries = np.flatnonzero(kept)
        features = entries % d
    ones = np.ones(len(entries), dtype=np.int64)
    return sparse.csr_array((ones, features, np.searchsorted(entries, ends)), (n, d))


def _blocks(n_rows, n_columns):
    """Slices of rows with about 100,000 entries, which fit into the processor's cache."""
    return gen_batches(n_rows, max(1, 100_000 // max(1, n_columns)))


def _largest(sizes, k):
    """Mark the k largest entries above 0 of each row; among equal ones, the first."""
    if k >= sizes.shape[1]:
        return sizes > 0
    least = np.partition(sizes, -k, axis=1)[:, [-k]]
    above, level = sizes > least, sizes == least
    room = k - above.sum(axis=1, keepdims=True)
    return (above | (level & (level.cumsum(axis=1, dtype=np.int32) <= room))) & (sizes > 0)


def _whole(sizes):
    """Absolute attributions as integers, whose sums do not depend on the order."""
    units = np.rint(2.0**32 * (sizes / (sizes.max() or 1.0))).astype(np.int64)
    return np.maximum(units, sizes > 0)
