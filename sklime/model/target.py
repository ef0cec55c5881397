"""Target: which outputs of a model are explained."""

from dataclasses import dataclass, replace

import numpy as np

from sklime.validation import listed


@dataclass(frozen=True, eq=False)
class Target:
    """The explained outputs of a model.

    Parameters
    ----------
    names : ndarray of shape (n_outputs,)
        The outputs that can occur: one where it is fixed, else all.
    fixed : ndarray of int of shape (k,) or None
        Columns explained for every row; None: each row's own predicted class.
    multiple : bool, default=False
        Whether all outputs are explained, so that explanations get an output axis.

    Examples
    --------
    >>> import numpy as np
    >>> from sklime.model.target import Target
    >>> target = Target(names=np.array(["cat", "dog"]), fixed=None)
    >>> target.columns(2, np.array([[0.9, 0.1], [0.3, 0.7]]))
    array([[0],
           [1]])
    """

    names: np.ndarray
    fixed: np.ndarray | None
    multiple: bool = False

    @property
    def needs_predictions(self):
        """Whether `columns` needs the model's responses to the explained rows."""
        return self.fixed is None

    @property
    def n_explained(self):
        """Number of outputs explained for each row."""
        return 1 if self.fixed is None else len(self.fixed)

    def columns(self, n_rows, responses=None):
        """Output columns that are explained, for every row.

        Parameters
        ----------
        n_rows : int
            Number of explained rows.
        responses : ndarray of shape (n_rows, n_outputs), default=None
            The model's responses to them; only read where `needs_predictions`.

        Returns
        -------
        ndarray of int of shape (n_rows, k)
            All columns where `multiple`, else one.
        """
        if self.needs_predictions:
            return responses.argmax(axis=1)[:, np.newaxis]
        return np.tile(self.fixed, (n_rows, 1))


def find_target(target, outputs):
    """Resolve a `target` parameter to outputs of the model.

    Parameters
    ----------
    target : {"auto", "predicted", "all"} or label
        "auto": a single number, the second of two classes, all of several numbers or
        labels, else each row's predicted class. A label is the name of an output.

    Raises
    ------
    ValueError
        Where there is no such output, or no predicted one.
    """
    names = outputs.names
    keyword = target if isinstance(target, str) else None
    if keyword == "auto" and outputs.exclusive and len(names) == 2:
        return _only(1, names)
    if keyword == "auto":
        keyword = "predicted" if outputs.exclusive or len(names) == 1 else "all"
    if keyword == "all":
        return Target(names, np.arange(len(names)), multiple=True)
    if keyword == "predicted" and outputs.exclusive:
        return Target(names, None)
    if keyword == "predicted" and len(names) == 1:
        return _only(0, names)
    if keyword == "predicted":
        raise ValueError(
            f"target='predicted' has no single answer where {outputs.name} gives several "
            f"outputs at once: use 'all' or one of {listed(map(repr, names.tolist()), 20)}"
        )
    if keyword in outputs.aliases:
        return _only(0, names)
    found = [i for i, label in enumerate(names) if _is_label(label, target)]
    if not found:
        raise ValueError(
            f"target={target!r} is not one of the outputs of {outputs.name}: use 'all' or "
            f"one of {listed(map(repr, names.tolist()), 20)}"
        )
    return _only(found[0], names)


def name_of(y):
    """Name of a column of targets: of a series, or of a frame of one column.

    Returns
    -------
    str or None
        None where it has none.
    """
    name = getattr(y, "name", None)
    columns = getattr(y, "columns", ())
    if len(columns) == 1:
        name = columns[0]
    return str(name) if isinstance(name, str) and name else None


def rename_outputs(target, names, target_name):
    """Name the explained output anew.

    Parameters
    ----------
    target : Target
        What is explained.
    names : ndarray of shape (n_outputs,)
        Names of all outputs of the model.
    target_name : str, sequence of str or None
        The name; for several explained outputs a name of each; None: as they are.

    Returns
    -------
    target : Target
    names : ndarray of shape (n_outputs,)

    Raises
    ------
    TypeError, ValueError
        If these are no names, or not as many as there are explained outputs.
    """
    if target_name is None:
        return target, names
    given = [target_name] if isinstance(target_name, str) else target_name
    if not isinstance(given, (list, tuple, np.ndarray)) or not all(
        isinstance(name, str) for name in given
    ):
        raise TypeError(
            f"target_name={target_name!r} must be a str, or for target='all' a list of "
            "one str for each output"
        )
    if target.needs_predictions:
        raise ValueError(
            f"target_name={target_name!r} names one output, but each row explains its own "
            f"of {listed(map(repr, names.tolist()), 20)}: choose one by target="
        )
    if len(given) != len(target.fixed):
        raise ValueError(
            f"target_name={target_name!r} gives {len(given)} name(s) for "
            f"{len(target.fixed)} explained outputs: give a list of as many, or choose one "
            "output by target="
        )
    names = names.astype(object)
    names[target.fixed] = given
    return replace(target, names=names[target.fixed]), names


def _only(column, names):
    return Target(names[[column]], np.array([column]))


def _is_label(label, target):
    """Whether a target equals this label, where True and 1 are different."""
    label, target = (x.item() if isinstance(x, np.generic) else x for x in (label, target))
    return isinstance(label, bool) == isinstance(target, bool) and label == target
