"""Responses to perturbed rows: what metrics ask a model, explained by a table's columns."""

from functools import cached_property

import numpy as np
from sklearn.utils import gen_batches

from sklime.explainer.explainer import LimeExplainer
from sklime.metrics.ranks import as_attributions
from sklime.tables.access import block_bytes
from sklime.tables.dense import DenseFormat
from sklime.tables.grouped import GroupedFormat


class PerturbedRows:
    """Rows of a table whose columns can be changed, and the model's responses to them.

    Parameters
    ----------
    model : LimeExplainer or callable
        A fitted explainer of tables, whose explained output is looked at, or a function
        from a table to one number a row.
    X : table of shape (n_rows, n_features)
        The explained rows.
    attributions : array-like of shape (n_rows, n_units) or None
        Of columns, or of the units of an explainer that has groups of columns. None: the
        explainer's contributions.
    background : table of shape (n_background, n_features) or None
        What the usual values are of. None: the rows.

    Attributes
    ----------
    attributions : ndarray of shape (n_rows, n_units)
    grouped : bool
        Whether some units are several columns.
    E : ndarray of shape (n_rows, n_features)
        The rows as numbers; categories as codes.
    numeric : ndarray of shape (n_features,) of bool
    responses : ndarray of shape (n_rows,)
        To the rows themselves.
    """

    def __init__(self, model, X, attributions, background):
        of = X if background is None else background
        if background is not None:
            _check_background(background, X)
        # Codes of both tables are of one format: of all their rows.
        self.format = DenseFormat(of)
        if attributions is None:
            attributions = _contributions(model, X)
        self.attributions = as_attributions(attributions, "attributions")
        self.E = self.format.encode(X)
        self._unit_of = _units_of(model, self.attributions, self.E)
        self.grouped = self._unit_of is not None
        self.numeric = np.asarray(self.format.numeric)
        self._check_codes()
        if background is None and len(self.E) == 1:
            raise ValueError(
                "X has one row, which tells no usual values: give several rows, or the "
                "training table as background="
            )
        self._known = self.E if background is None else self.format.encode(of)
        self._respond = _responder(model, X)
        self.responses = self._checked(self.E, np.arange(len(self.E)))

    def __len__(self):
        return len(self.E)

    @property
    def n_units(self):
        """Number of columns, or of an explainer's features where columns are grouped."""
        return self.attributions.shape[1]

    @cached_property
    def usual(self):
        """Medians of numeric columns, the most frequent values of others: (n_features,)."""
        return _usual(self._known, self.numeric)

    @cached_property
    def spread(self):
        """Standard deviations of the columns, (n_features,)."""
        return np.nanstd(self._known, axis=0)

    def respond(self, changed, n_copies):
        """Responses to changed copies of all rows, made block by block.

        Parameters
        ----------
        changed : callable
            From a slice of rows to copies of shape (n_own, n_copies, n_features).
        n_copies : int

        Returns
        -------
        ndarray of shape (n_rows, n_copies)
        """
        n, d = self.E.shape
        height = max(1, block_bytes() // (32 * n_copies * d))
        parts = []
        for rows in gen_batches(n, height):
            own = np.repeat(np.arange(rows.start, rows.stop), n_copies)
            answers = self._checked(changed(rows).reshape(-1, d), own)
            parts.append(answers.reshape(-1, n_copies))
        return np.concatenate(parts) if parts else np.empty((0, n_copies))

    def columns(self, masks):
        """Masks of units as masks of their columns, (..., n_features)."""
        return masks[..., self._unit_of] if self.grouped else masks

    def replaced(self, rows, masks):
        """Copies of rows in which some units have their usual values.

        Parameters
        ----------
        rows : slice
        masks : ndarray of shape (n_own or 1, n_copies, n_units) of bool
            True where the usual value stands.

        Returns
        -------
        ndarray of shape (n_own, n_copies, n_features)
        """
        return np.where(self.columns(masks), self.usual, self.E[rows, np.newaxis])

    def _checked(self, E, own):
        responses = self._respond(self.format.decode(E), own)
        bad = np.flatnonzero(~np.isfinite(responses))
        if len(bad):
            raise ValueError(
                f"the model's responses to {len(bad)} perturbed row(s) are not finite, the "
                f"first to one of row {own[bad[0]]}: a metric needs a number for each"
            )
        return responses

    def _check_codes(self):
        unseen = np.flatnonzero(((self.E < 0) & ~self.numeric).any(axis=0))
        if len(unseen):
            raise ValueError(
                f"X has values that the background never has, in column(s) "
                f"{', '.join(repr(self.format.feature_names[j]) for j in unseen)}: give a "
                "background that has them"
            )


def _units_of(model, attributions, E):
    """The unit of each column, (n_features,), or None where each is one by itself."""
    if attributions.shape == E.shape:
        return None
    format_ = getattr(getattr(model, "sampler_", None), "format_", None)
    n_units = E.shape[1]
    if isinstance(format_, GroupedFormat):
        n_units = format_.n_features
        if attributions.shape == (len(E), n_units):
            units = np.empty(E.shape[1], dtype=np.intp)
            for j in range(n_units):
                units[format_.input_columns(j)] = j
            return units
    expected = f"{E.shape}, one for each column of each row of X"
    if n_units != E.shape[1]:
        expected += f", or {(len(E), n_units)}, one for each feature of the explainer"
    raise ValueError(f"attributions have shape {attributions.shape}, expected {expected}")


def _check_background(background, X):
    """Raise a ValueError where a background is no table of rows like those of `X`."""
    found, expected = np.shape(background), np.shape(X)
    if len(found) == len(expected) == 2 and (found[1] != expected[1] or not found[0]):
        raise ValueError(
            f"background has shape {found}, expected at least one row of the "
            f"{expected[1]} columns of X"
        )


def _contributions(model, X):
    """Contributions of an explainer's explanation, or an error where there is none."""
    if not isinstance(model, LimeExplainer):
        raise TypeError(
            "attributions are missing: give them, or a fitted LimeExplainer instead of "
            f"{type(model).__name__}"
        )
    values, n_outputs = model._contributions_of(X)
    if n_outputs > 1:
        raise ValueError(
            f"the explainer explains {n_outputs} outputs of a row: choose one, "
            "set_params(target=...)"
        )
    return values


def _responder(model, X):
    """The model as a function from a table, and the positions of its rows, to numbers."""
    if isinstance(model, LimeExplainer):
        respond, outputs = model._responses_of(X)
        if outputs.shape[1] > 1:
            raise ValueError(
                f"the explainer explains {outputs.shape[1]} outputs of a row: choose one, "
                "set_params(target=...)"
            )
        chosen = outputs[:, 0]
        return lambda table, own: respond(table)[np.arange(len(own)), chosen[own]]
    if not callable(model):
        raise TypeError(
            "model must be a fitted LimeExplainer or a function from a table to one number "
            f"a row, such as model.predict, got {type(model).__name__}"
        )

    def respond(table, own):
        responses = np.asarray(model(table), dtype=np.float64)
        if responses.shape not in ((len(own),), (len(own), 1)):
            raise ValueError(
                f"the function gives an array of shape {responses.shape} for {len(own)} "
                "rows, expected one number a row: choose an output, such as "
                "lambda X: model.predict_proba(X)[:, 1]"
            )
        return responses.ravel()

    return respond


def _usual(E, numeric):
    """Median of each numeric column, the most frequent value of each other one."""
    usual = np.empty(E.shape[1])
    whole = numeric & ~np.isnan(E).any(axis=0)
    if whole.any():
        # Column after column, which memory likes better.
        usual[whole] = np.median(np.ascontiguousarray(E[:, whole].T), axis=1)
    for j in np.flatnonzero(~whole):
        column = E[:, j]
        if numeric[j] and not np.isnan(column).all():
            usual[j] = np.nanmedian(column)
        else:
            values, counts = np.unique(column, return_counts=True)
            usual[j] = values[counts.argmax()]
    return usual
