"""Laws of independent columns, as closed forms read them."""

from collections.abc import Sequence
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
    sampler : object
        Fitted sampler, or its law: gives the `Coordinates` of checked rows by `locate`.
    normal : bool, default=False
        Whether standardised columns are drawn from normal laws, whose means and standard
        deviations around rows the sampler gives, not from their training values.
    reach : float, default=1.0
        Standard deviation of these draws in units of the column's own.
    """

    columns: Sequence
    format: object
    sampler: object
    normal: bool = False
    reach: float = 1.0

    def __post_init__(self):
        if self.normal:
            columns = tuple(c if c.binary else NormalColumn.of(c) for c in self.columns)
            object.__setattr__(self, "columns", columns)

    def locate(self, X):
        """Coordinates of checked rows."""
        return self.sampler.locate(X)

    def normal_of(self, j, z):
        """Mean and standard deviation of the draws of a column around rows.

        Parameters
        ----------
        j : int
            A standardised column, of normal laws.
        z : ndarray of shape (n_rows,)
            The rows' standardised values.
        """
        return self.sampler.normal_of(j, z)
