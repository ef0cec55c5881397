"""Laws of independent columns, as closed forms read them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklime.laws.columns import NormalColumn


@dataclass(frozen=True, eq=False)
class IndependentColumns:
    """Law of independent columns: the columns, and the coordinates of rows.

    Parameters
    ----------
    columns : sequence of Column
        What training taught about each column.
    format : TableFormat
        How rows are written as numbers and back.
    locate : callable
        Gives the `Coordinates` of checked rows.
    normal_of : callable, default=None
        Gives mean and standard deviation of the draws of column `j` around rows at
        standardised values `z`, for standardised columns that are drawn from normal laws.
        None: these are drawn from their training values.
    reach : float, default=1.0
        Standard deviation of these draws in units of the column's own.
    """

    columns: Sequence
    format: object
    locate: Callable
    normal_of: Callable | None = None
    reach: float = 1.0

    def __post_init__(self):
        if self.normal_of is not None:
            columns = tuple(c if c.binary else NormalColumn.of(c) for c in self.columns)
            object.__setattr__(self, "columns", columns)
