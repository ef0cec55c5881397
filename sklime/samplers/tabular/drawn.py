"""Laws of independent columns without their training values: only the draws are kept."""

from copy import copy

from sklime.laws.columns import BinnedColumn
from sklime.laws.coordinates import coordinates
from sklime.laws.quasirandom import resolve_seed, uniform_numbers
from sklime.samplers.tabular.law import SharedColumnsLaw
from sklime.tables.dense import DenseFormat


class DrawnColumnsLaw(SharedColumnsLaw):
    """Law of independent columns of which the draws are kept, not the training values.

    It serves rows that have no draws of their own: a training table of any length leaves
    its bins, their frequencies, and the draws that all rows share.

    Parameters
    ----------
    law : SharedColumnsLaw
        One that `has_drawn_law`.
    pools : dict of int or None
        By numbers of draws and seeds of pools: the levels at which cells of their columns
        end, as `cells` is asked about them. None: it is not.
    redrawn : dict of ndarray
        Values that take the place of others, by column, bin, and whether they lie in it.
    """

    def __init__(self, law, pools, redrawn):
        full = law.sampler
        sampler = copy(full)
        sampler.columns_ = tuple(map(_by_bins, full.columns_))
        super().__init__(sampler)
        self._pools = {key: _encoded_pool(full, *key) for key in pools}
        self._cells = {
            n_levels: [
                own.narrowed()
                for own in law.cells(full.format_.decode(self._pools[key]), n_levels)
            ]
            for key, n_levels in pools.items()
            if n_levels is not None
        }
        self._redrawn = redrawn

    def pool(self, n_samples, random_state):
        sampler, E = self.sampler, self._pools[n_samples, random_state]
        return sampler.format_.decode(E), coordinates(sampler.columns_, E)

    def redrawn(self, inputs, j, code, inside, u):
        if not isinstance(self.sampler.columns_[j], BinnedColumn):
            # Categories are all there.
            return super().redrawn(inputs, j, code, inside, u)
        E = self.sampler.format_.encode(inputs)
        E[:, j] = self._redrawn[j, code, inside]
        return self.sampler.format_.decode(E)

    def cells(self, inputs, n_levels):
        return self._cells[n_levels]

    def tilt(self, kernel):
        # What rows' own draws would be taken from is gone.
        return None


def has_drawn_law(law):
    """Whether a law has a `DrawnColumnsLaw`: that of bins and categories of training."""
    if type(law) is not SharedColumnsLaw:
        return False
    sampler = law.sampler
    plain = type(sampler.format_) is DenseFormat and sampler.cells_known
    return plain and bool(sampler.binary_features_.all())


def redrawn_values(law, j, code, inside, u):
    """Values of a binned column that take the place of others; None for categories.

    Parameters
    ----------
    law : SharedColumnsLaw
        With training values.
    j, code, inside, u
        As for `SharedLawOfValues.redrawn`.
    """
    if not isinstance(law.sampler.columns_[j], BinnedColumn):
        return None
    return law.values_redrawn(j, code, inside, u)


def _by_bins(column):
    return column.by_bins() if isinstance(column, BinnedColumn) else column


def _encoded_pool(sampler, n_samples, seed):
    d = len(sampler.columns_)
    numbers = uniform_numbers(n_samples, d, sampler.sequence, resolve_seed(seed))
    return sampler.shared_law().draw(numbers)
