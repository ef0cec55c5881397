"""Nearest training rows: real rows on which surrogates are judged."""

import numpy as np
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.utils import gen_batches

from sklime.explainer.fidelity import scores_of_rows
from sklime.laws.columns import BinnedColumn
from sklime.laws.coordinates import UNSEEN, Coordinates
from sklime.samplers.tabular.base import TabularSampler
from sklime.samplers.tabular.crossover import CrossoverSampler
from sklime.samplers.tabular.manifold import ManifoldSampler
from sklime.serialization.state import PlainState
from sklime.tables.access import block_bytes, n_rows, take_rows
from sklime.tables.dense import DenseFormat
from sklime.validation import check_count

# What a fitted explainer keeps of its training table, and so a pickle of it.
_MOST_ROWS = 10_000
_MOST_CELLS = 2**22
# Which rows of a larger table are kept depends on the table alone.
_KEPT_SEED = 2016_1135
# By how much a surrogate may miss equal responses, as a share of its coefficients.
_MET = 0.01


class TrainingRows(PlainState):
    """Training rows that an explainer keeps: all, or 10,000 at random of a larger table.

    Parameters
    ----------
    sampler : Sampler
        Fitted; its interpretable units are those of distances.
    X : table of shape (n_rows, n_features)
        Checked training rows.
    """

    def __init__(self, sampler, X):
        n = n_rows(X)
        most = min(n, _MOST_ROWS, max(1, _MOST_CELLS // X.shape[1]))
        kept = np.arange(n)
        if most < n:
            rng = np.random.default_rng(_KEPT_SEED)
            kept = np.sort(rng.choice(n, most, replace=False))
        # A copy: what becomes of the user's table is no matter of ours.
        self.X = take_rows(X, kept)
        self.n_given = n
        self._sampler = sampler

    def __len__(self):
        return n_rows(self.X)

    @classmethod
    def of(cls, sampler, X):
        """Keep rows of a dense table; None of any other kind."""
        kind = sampler.kind_
        dense = kind.columnar and kind.name == "table" and not sparse.issparse(X)
        return cls(sampler, X) if dense else None

    def around(self, rows, n_neighbors, response):
        """The nearest training rows of each row, with the model's responses to them.

        Parameters
        ----------
        rows : Rows
            Rows of the same table, one at least.
        n_neighbors : int
            How many of each, as `check_neighbors` has them.
        response : Response
            The model, which is queried once about each training row that is near any.

        Returns
        -------
        Neighbours
        """
        space = _space_of(self._sampler, self.X, rows.X)
        height = max(1, block_bytes() // (32 * len(self)))
        near = [
            _smallest(space.distances(own), n_neighbors)
            for own in gen_batches(len(rows), height)
        ]
        near = np.concatenate(near)
        asked = np.zeros(len(self), dtype=bool)
        asked[near] = True
        [table] = self._sampler.kind_.tables(take_rows(self.X, np.flatnonzero(asked)))
        answers = response(table, what="training row", copy=False)
        return Neighbours(space, near, answers, np.cumsum(asked) - 1)


class Neighbours:
    """Nearest training rows of rows, on which surrogates are judged.

    Parameters
    ----------
    space : object
        Gives designs of training rows relative to a slice of rows.
    near : ndarray of shape (n_rows, n_neighbors) of int
        Positions of the training rows.
    answers : ndarray of shape (n_asked, n_outputs)
        The model's responses to those that are near any row.
    place : ndarray of shape (n_training,) of int
        Where each stands among these.
    """

    def __init__(self, space, near, answers, place):
        self._space, self._near = space, near
        self._answers, self._place = answers, place

    def sums_of_squares(self, surrogates, where, outputs):
        """Sums of squares over the neighbours of each row of a block.

        Parameters
        ----------
        surrogates : Surrogates
            Of the rows.
        where : slice
            The rows.
        outputs : ndarray of shape (n_rows, n_explained) of int
            The outputs explained for each row.

        Returns
        -------
        ndarray of shape (3, n_rows, n_explained)
            Of what the surrogates miss, of the responses around their means, and of
            responses.
        """
        near = self._near[where]
        design = self._space.design(where, near).astype(np.float64)
        g = design @ surrogates.coef.transpose(0, 2, 1)
        g += surrogates.intercepts[:, np.newaxis]
        f = self._answers[self._place[near][:, :, np.newaxis], outputs[:, np.newaxis]]
        # Extended range: the squares of finite answers need not be finite.
        f = f.astype(np.longdouble)
        parts = f - g, f - f.mean(axis=1, keepdims=True), f
        return np.array([np.square(part).sum(axis=1) for part in parts])

    def scores(self, surrogates, where, outputs):
        """R squared of each row of a block on its neighbours, (n_rows, n_explained)."""
        sums = self.sums_of_squares(surrogates, where, outputs)
        # Draws leave coefficients errors, which are no miss where nothing varies.
        sizes = np.abs(surrogates.coef).astype(np.longdouble)
        margin = _MET * sizes.sum(axis=2)
        return scores_of_rows(sums, self._near.shape[1] * np.square(margin))


def check_neighbors(name, n_neighbors, training, sampler):
    """Check a number of neighbours, and that there are so many training rows.

    Parameters
    ----------
    name : str
        The parameter's name.
    n_neighbors : int
        Its value.
    training : TrainingRows or None
        None: the rows are no dense table.
    sampler : Sampler
        Fitted.

    Raises
    ------
    ValueError
        If it is no integer of at least 2, if there are fewer training rows, or if rows are
        not described by the columns of a dense table.
    """
    check_count(name, n_neighbors, 2)
    if training is None:
        raise ValueError(
            f"{name}={n_neighbors} needs the rows of a dense table, which have nearest "
            f"training rows, and not those of {sampler!r}: make a sparse table dense, or "
            "judge the surrogates by score."
        )
    if n_neighbors > len(training):
        known = f"{len(training):,} training rows"
        if len(training) < training.n_given:
            known += f" that are kept of {training.n_given:,}"
        raise ValueError(
            f"{name}={n_neighbors} is more than the {known}: ask for {len(training)} at "
            "most, or fit on more rows."
        )


class _Located:
    """Rows of a table among training rows, in the units of columns of one law each.

    Parameters
    ----------
    sampler : TabularSampler
    training, X : tables of shapes (n_training, n_features) and (n_rows, n_features)
    """

    def __init__(self, sampler, training, X):
        self._known, self._own = sampler.locate(training), sampler.locate(X)
        self._numbers = None
        if self._known.z is None:
            ordered = [isinstance(column, BinnedColumn) for column in sampler.columns_]
            own = sampler.format_, training, X
            self._numbers = _Numbers(*own, np.array(ordered) & ~sampler.format_.nominal)

    def distances(self, where):
        """What the nearest training rows have least of, (n_rows, n_training)."""
        known, own, binary = self._known, self._own, self._known.binary
        apart = np.zeros((where.stop - where.start, len(known)))
        for j in np.flatnonzero(binary):
            apart += own.codes[j, where, np.newaxis] != known.codes[j]
        if self._numbers is not None:
            return apart + self._numbers.apart(where)
        z, known_z = own.z[~binary, where].T, known.z[~binary].T
        # A gap that training never had is equally far from all training rows.
        unseen = (own.codes[~binary, where] == UNSEEN).T
        gaps = unseen.any(axis=1)
        apart[~gaps] += cdist(z[~gaps], known_z, "sqeuclidean")
        for i in np.flatnonzero(gaps):
            held = ~unseen[i]
            apart[i] += cdist(z[[i]][:, held], known_z[:, held], "sqeuclidean")[0]
        return apart

    def design(self, where, positions):
        """Design of training rows, each relative to its row.

        Parameters
        ----------
        where : slice
            The rows.
        positions : ndarray of shape (n_rows, n_neighbors) of int
            Training rows of each.

        Returns
        -------
        ndarray of shape (n_rows, n_neighbors, n_features)
        """
        known, designs = self._known, []
        for i, near in zip(range(where.start, where.stop), positions, strict=True):
            z = None if known.z is None else known.z[:, near]
            points = Coordinates(known.binary, known.codes[:, near], z)
            designs.append(points.relative_to(self._own, i)[0].T)
        return np.array(designs)


class _Interpreted:
    """The same, in the units of any sampler of tables."""

    def __init__(self, sampler, training, X):
        self._sampler, self._training, self._X = sampler, training, X
        self._numbers = None
        if sampler.binary_features_.all():
            known = getattr(sampler, "format_", None)
            format_ = known if isinstance(known, DenseFormat) else DenseFormat(training)
            self._numbers = _Numbers(format_, training, X, ~np.asarray(format_.nominal))

    def distances(self, where):
        apart = np.empty((where.stop - where.start, n_rows(self._training)))
        for own, i in zip(apart, range(where.start, where.stop), strict=True):
            row = take_rows(self._X, slice(i, i + 1))
            position = self._sampler.interpret(row, row).astype(float)
            design = self._sampler.interpret(self._training, row)
            own[:] = np.square(design - position).sum(axis=1)
        return apart if self._numbers is None else apart + self._numbers.apart(where)

    def design(self, where, positions):
        """Design of training rows, each relative to its row, as of `_Located`."""
        designs = []
        for i, near in zip(range(where.start, where.stop), positions, strict=True):
            row = take_rows(self._X, slice(i, i + 1))
            designs.append(self._sampler.interpret(take_rows(self._training, near), row))
        return np.array(designs)


class _Numbers:
    """Standardised numbers, which tell rows apart that share equally many conditions.

    Parameters
    ----------
    format_ : DenseFormat
        Of the training table.
    training, X : tables of shapes (n_training, n_features) and (n_rows, n_features)
    columns : ndarray of shape (n_features,) of bool
        Columns of ordered values.
    """

    def __init__(self, format_, training, X, columns):
        known, own = (format_.encode(table)[:, columns] for table in (training, X))
        with np.errstate(over="ignore", invalid="ignore"):
            center, scale = np.zeros(known.shape[1]), np.ones(known.shape[1])
            for j, values in enumerate(known.T):
                observed = values[~np.isnan(values)]
                if len(observed) and 0.0 < (spread := observed.std()) < np.inf:
                    center[j], scale[j] = observed.mean(), spread
            # Missing ones stand at the mean.
            self._known = np.nan_to_num((known - center) / scale, nan=0.0)
            self._own = np.nan_to_num((own - center) / scale, nan=0.0)

    def apart(self, where):
        """Squared distances, put between 0 and 1 in the same order."""
        with np.errstate(over="ignore"):
            squares = cdist(self._own[where], self._known, "sqeuclidean")
        return 1.0 - 1.0 / (1.0 + squares)


def _space_of(sampler, training, X):
    """Place rows among training rows; a class that interprets points itself is asked."""
    own = getattr(type(sampler), "interpret", None)
    if own in (ManifoldSampler.interpret, CrossoverSampler.interpret):
        # Values that training never had are all that these see in another way.
        sampler, own = sampler._columns, TabularSampler.interpret
    located = isinstance(sampler, TabularSampler) and own is TabularSampler.interpret
    return (_Located if located else _Interpreted)(sampler, training, X)


def _smallest(values, k):
    """Positions of the `k` smallest values of each row, in order; equal ones by position.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_values)
    k : int

    Returns
    -------
    ndarray of shape (n_rows, k) of int
    """
    found = np.empty((len(values), k), dtype=np.intp)
    bounds = np.partition(values, k - 1, axis=1)[:, k - 1]
    for own, bound, place in zip(values, bounds, found, strict=True):
        among = np.flatnonzero(own <= bound)
        place[:] = among[np.argsort(own[among], kind="stable")[:k]]
    return found
