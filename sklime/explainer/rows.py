"""The rows to be explained: in which blocks, by which features, laid out over what."""

from abc import ABC, abstractmethod

import numpy as np
from scipy import sparse
from sklearn.utils import gen_batches
from sklearn.utils.validation import validate_data

from sklime.model.queries import ask_about_masks, ask_each
from sklime.tables.access import n_rows, take_rows
from sklime.tables.checks import check_table, feature_names, is_frame
from sklime.tables.conditions import TableConditions


class Rows(ABC):
    """Base of the kinds of rows.

    Parameters
    ----------
    owner : LimeExplainer
        Whose columns they have.
    sampler : Sampler
        Fitted.
    X : rows
        Checked.
    given : rows
        The same, as the user gave them.
    """

    def __init__(self, owner, sampler, X, given):
        self.owner = owner
        self.sampler = sampler
        self.X = X
        self.given = given

    def __len__(self):
        return n_rows(self.X)

    @abstractmethod
    def blocks(self, height):
        """Slices of rows that share their features, of at most `height` rows."""

    @abstractmethod
    def take(self, block):
        """The rows of a block, as neighbourhoods take them."""

    @abstractmethod
    def features(self, block, part):
        """Describe the features of a block.

        Parameters
        ----------
        block : slice
            Which rows.
        part : object
            What `take` gave for them.

        Returns
        -------
        columns : ndarray of shape (n_features,) of int
            Their positions among `names`.
        matched : ndarray of shape (n_features,) of bool
            Which of them are 0 or 1.
        """

    @abstractmethod
    def lay_out(self, block, part, coef):
        """Lay attributions of shape (n_rows, n_outputs, n_features) out over columns."""

    @abstractmethod
    def note(self, part):
        """What must be remembered of a block's rows to label their explanations."""

    @abstractmethod
    def labels(self, notes):
        """Fields of an Explanation that name the features of all rows.

        Parameters
        ----------
        notes : list
            What `note` gave, in order.

        Returns
        -------
        dict
        """

    @abstractmethod
    def predictions(self, response):
        """The model's answers about the rows themselves."""

    @abstractmethod
    def judge(self, part, response):
        """Ask the model about the reference neighbourhoods of a block's rows.

        Parameters
        ----------
        part : object
            What `take` gave.
        response : Response
            Asks the model.

        Yields
        ------
        design : ndarray of shape (n_draws, n_features)
        answers : ndarray of shape (n_draws, n_outputs)
        """

    def join(self, matrices):
        """One matrix of the blocks' own."""
        if sparse.issparse(matrices[0]):
            return sparse.vstack(matrices, format="csr")
        return np.concatenate(matrices)


class TableRows(Rows):
    """Rows of a table: all with the same columns, or each with its stored entries."""

    def __init__(self, owner, sampler, X, given):
        super().__init__(owner, sampler, X, given)
        self.names = feature_names(owner)
        self.varies = sampler.varies()
        self._units = sampler.units(X)

    def blocks(self, height):
        return list(gen_batches(len(self), height if self._units is None else 1))

    def take(self, block):
        return take_rows(self.X, block)

    def features(self, block, part):
        columns = np.arange(len(self.names))
        if self._units is not None:
            columns = self._units[block.start]
        return columns, self.sampler.matched_[columns]

    def lay_out(self, block, part, coef):
        n, k, _ = coef.shape
        if self._units is None:
            return coef.reshape(n, -1)
        d = len(self.names)
        columns = np.arange(k)[:, np.newaxis] * d + self._units[block.start]
        return sparse.csr_matrix(
            (coef.ravel(), columns.ravel(), [0, coef.size]), shape=(1, k * d)
        )

    def note(self, part):
        return None

    def labels(self, notes):
        conditions = self.sampler.conditions(self.X)
        fields = {"data": self.X, "feature_names": self.names}
        if self._units is None:
            return fields | {"conditions": TableConditions(*conditions)}
        names = [self.names[own] for own in self._units]
        return fields | {"conditions": conditions, "unit_names": names}

    def predictions(self, response):
        return response(self.sampler.restore(self.X))

    def judge(self, part, response):
        around = self.sampler.reference(part)
        answers = ask_each(response, [own.inputs for own in around], "reference draw")
        for own, answer in zip(around, answers, strict=True):
            yield own.design, answer


class MaskedRows(Rows):
    """Texts, images or sequences: each cut into units of its own that can be hidden."""

    def blocks(self, height):
        return list(gen_batches(len(self), 1))

    def take(self, block):
        return self.sampler.rows(take_rows(self.X, block))

    @property
    def names(self):
        """What units are called in messages."""
        return _Numbered()

    @property
    def varies(self):
        """Every unit can be hidden."""
        return _Always()

    def features(self, block, part):
        [row] = part
        return np.arange(row.n_units), np.ones(row.n_units, dtype=bool)

    def lay_out(self, block, part, coef):
        if block.start == 0:
            # Before the model is asked about all the others.
            self.sampler.check_layout(self.X)
        return self.sampler.lay_out(part, list(coef))

    def note(self, part):
        [row] = part
        return row.names, row.spans

    def labels(self, notes):
        names, spans = zip(*notes, strict=True)
        return {
            "data": self.sampler.shown(self.X, self.given),
            "feature_names": self.sampler.explained_names(),
            "conditions": list(names),
            "unit_names": list(names),
            "unit_spans": list(spans),
        }

    def predictions(self, response):
        return np.concatenate(
            [response(table) for table in tables_of(self.sampler, self.X)]
        )

    def judge(self, part, response):
        for row in part:
            design = self.sampler.reference_masks(row.n_units)
            what = "reference draw"
            yield design, ask_about_masks(response, self.sampler, row, design, what)


def check_rows(owner, sampler, X, *, reset):
    """Check rows that an explainer is given.

    Parameters
    ----------
    owner : LimeExplainer
        Whose columns are set or compared.
    sampler : Sampler
        Fitted, but in the explainer's own fit.
    X : rows
        As users give them.
    reset : bool
        Whether this is the explainer's fit.

    Returns
    -------
    rows
        As the sampler takes them.
    """
    if not sampler.masks_units:
        return check_table(owner, X, reset=reset)
    if is_frame(X):
        # Their columns are compared as those of tables are.
        validate_data(owner, X, reset=reset, skip_check_array=True)
    # In the fit the sampler's own looks at them.
    return X if reset else sampler.check(X)


def rows_of(owner, sampler, X, given):
    """Give checked rows as what they are.

    Parameters
    ----------
    owner, sampler, X, given
        As for `Rows`.

    Returns
    -------
    Rows
    """
    return (MaskedRows if sampler.masks_units else TableRows)(owner, sampler, X, given)


def tables_of(sampler, X):
    """Checked rows as models take them: all at once, or one by one if of unequal shapes.

    Parameters
    ----------
    sampler : Sampler
        Fitted.
    X : rows
        Checked.

    Returns
    -------
    list of containers of rows
    """
    if isinstance(X, list) and isinstance(X[0], np.ndarray):
        return [row[np.newaxis] for row in X]
    return [sampler.restore(X)]


class _Numbered:
    """Names of units that have none in common."""

    def __getitem__(self, j):
        return f"unit {j}"


class _Always:
    """True at every position."""

    def __getitem__(self, positions):
        return np.ones(np.shape(positions), dtype=bool)
