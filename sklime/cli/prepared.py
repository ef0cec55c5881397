"""A model and a table that fit each other, and the explainer of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklime.cli.data_file import DataFile
from sklime.cli.exits import CommandError, Exit, classified
from sklime.cli.models import load_model
from sklime.cli.options import BACKGROUND_ROWS, Options, aimed, fitted_explainer
from sklime.cli.tables import open_table


@dataclass(frozen=True)
class Prepared:
    """A fitted explainer, and the rows that it explains.

    Parameters
    ----------
    explainer : LimeExplainer
    data : DataFile
    columns : list of str or None
        The columns that are explained, in the explainer's order; None: all, without names.
    keep : tuple of str
        Key columns.
    notes : list of str
        What was decided for the user.
    """

    explainer: Any
    data: DataFile
    columns: list[str] | None
    keep: tuple[str, ...]
    notes: list[str]

    @property
    def read_columns(self) -> list[str] | None:
        """Columns that are read: key columns, and those that are explained."""
        return None if self.columns is None else [*self.keep, *self.columns]

    def frame(self, table: Any) -> Any:
        """The explained columns of a block, in the container that the explainer knows."""
        if self.columns is None:
            return table
        from sklime.tables.blocks import as_block

        schema = self.explainer._schema
        container = None if schema is None else schema.container
        return as_block(table.select(self.columns), (), container).rows


def prepare(options: Options) -> Prepared:
    """Load the model, open the table, check that they fit, and fit the explainer.

    Raises
    ------
    CommandError
        If the model is not trusted, or the table does not fit it.
    """
    from sklime import LimeExplainer
    from sklime.model.presentation import known_names, known_width

    data = open_table(options.data, options.keep)
    model = load_model(options.model, options.trust, options.trust_pickle)
    if isinstance(model, LimeExplainer):
        return _prepared_explainer(model, data, options)
    if not any(
        hasattr(model, name) for name in ("predict", "predict_proba", "decision_function")
    ):
        raise CommandError(
            Exit.USAGE,
            f"{options.model} holds a {type(model).__name__}, which is no model.",
        )
    columns = _fitting_columns(data, known_names(model), known_width(model), options)
    notes = []
    if options.background is not None:
        table = open_table(options.background)
        _check_has(table, columns, options.background)
        n = table.n_rows
    else:
        table, n = data, BACKGROUND_ROWS
        notes.append(
            f"no --background: a sample of {min(n, table.n_rows):,} of the rows of "
            f"{options.data} serves as the background."
        )
    if not table.n_rows:
        raise CommandError(
            Exit.DATA,
            f"{table.path} has no rows for a background: give one by --background.",
        )
    rows = table.sample(n, options.seed or 0, columns)
    # To models, frames and arrays are known; names are kept.
    rows = rows if columns is None else rows.select(columns).to_pandas()
    explainer = fitted_explainer(model, rows, options)
    return Prepared(explainer, data, columns, options.keep, notes)


def _prepared_explainer(explainer, data, options):
    """An explainer that was fitted before, and the table."""
    from sklearn.exceptions import NotFittedError

    if options.of_a_fit:
        raise CommandError(
            Exit.USAGE,
            f"{options.model} is a fitted explainer, which {options.of_a_fit[0]} cannot "
            "change any more: leave it out, or give the model itself.",
        )
    try:
        explainer.output_schema()
    except NotFittedError as error:
        raise CommandError(
            Exit.USAGE, f"{options.model} holds an explainer that is not fitted: {error}"
        ) from error
    names = getattr(explainer, "feature_names_in_", None)
    names = None if names is None else [str(name) for name in names]
    columns = _fitting_columns(data, names, explainer.n_features_in_, options)
    return Prepared(aimed(explainer, options), data, columns, options.keep, [])


def _fitting_columns(data, names, width, options):
    """The columns that a model explains, checked against those of the table."""
    keep, path = list(options.keep), options.data
    if data.names is None:
        if keep:
            raise CommandError(
                Exit.USAGE, f"--keep {keep[0]}: the columns of {path} have no names."
            )
        if width is not None and width != data.n_columns:
            raise CommandError(
                Exit.DATA,
                f"{path} has {data.n_columns} columns, the model {width}.",
            )
        return None
    missing = [name for name in keep if name not in data.names]
    if missing:
        raise CommandError(
            Exit.USAGE,
            f"--keep {missing[0]}: {path} has no such column, but {_listed(data.names)}.",
        )
    features = [name for name in keep if names is not None and name in names]
    if features:
        raise CommandError(
            Exit.USAGE,
            f"--keep {features[0]}: this column is a feature of the model, which is "
            "explained: leave it out of --keep, or carry a copy of it under another name.",
        )
    own = [name for name in data.names if name not in keep]
    if names is None:
        if width is not None and width != len(own):
            raise CommandError(
                Exit.DATA,
                f"{path} has {len(own)} columns beside those of --keep, the model {width}: "
                "name those that are no features in --keep.",
            )
        return own
    _check_has(data, names, path)
    foreign = [name for name in own if name not in names]
    if foreign:
        raise CommandError(
            Exit.DATA,
            f"{path} has columns that the model does not know, {_listed(foreign)}: carry "
            "them along with --keep, or leave them out of the file.",
        )
    return names


def _check_has(table, columns, path):
    """Check that a table has the columns of a model."""
    if columns is None:
        return
    missing = [name for name in columns if name not in (table.names or [])]
    if missing:
        raise CommandError(
            Exit.DATA, f"{path} lacks columns that the model needs: {_listed(missing)}."
        )


def _listed(names):
    shown = ", ".join(map(repr, names[:10]))
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"


def ended_by(error: Exception) -> Exception:
    """The error that ends a command instead of one of the explainer."""
    return classified(error) or error
