"""Sums of tables over one or two columns that are kept or follow a background."""

import numpy as np

from sklime.exact.coalition_form import CoalitionModel


class CoalitionsOfPairs(CoalitionModel):
    r"""Sum of tables over the bins of one or two columns under laws of coalitions.

    With `t` the mean probability that a column is kept, and a table `T` over two columns,
    the contrast of the first is

    .. math:: t \, (T(x_1, x_2) - E T(\cdot, x_2)) + (1 - t) (E T(x_1, \cdot) - E T).

    Parameters
    ----------
    terms : list of pairs
        The model features that a term reads, one or two, and its table of shape (n_bins,
        n_outputs) or (n_first, n_second, n_outputs).
    rebuilt : RebuiltModel
        The same model, for its responses.
    features : FeatureMap
        Model features as functions of the columns; the numbers of bins.
    background : Background
        What dropped columns follow.
    keep : KeepLaw
        Of the probability that columns are kept.
    """

    def __init__(self, terms, rebuilt, features, background, keep):
        self.rebuilt = rebuilt
        self.n_terms = rebuilt.n_terms
        self.constant = np.zeros_like(rebuilt.constant)
        self.features, self.keep = features, keep
        self._singles, self._pairs = [], []
        self._nothing = np.zeros(len(self.constant))
        for places, table in terms:
            owners = [int(features.owner[own]) for own in places]
            for axis in reversed(range(len(places))):
                if owners[axis] < 0:
                    bin_ = int(features.constants[places[axis]])
                    table = np.take(table, bin_, axis=axis)
            places = [own for own, j in zip(places, owners, strict=True) if j >= 0]
            owners = [j for j in owners if j >= 0]
            if not owners:
                self._nothing += table
            elif len(set(owners)) == 1:
                self._add_single(owners[0], places, table, background)
            else:
                self._add_pair(owners, places, table, background)

    def _add_single(self, j, places, table, background):
        at = np.searchsorted(self.features.owned[j], places)
        bins = background.values[j][at].astype(int)
        mean = background.means(j, table[tuple(bins)]).mean(axis=0)
        self._singles.append((j, places, table - mean))
        self._nothing += mean

    def _add_pair(self, owners, places, table, background):
        shares = []
        for axis, (j, own) in enumerate(zip(owners, places, strict=True)):
            at = np.searchsorted(self.features.owned[j], own)
            bins = background.values[j][at].astype(int)
            shares.append(background.means(j, np.eye(table.shape[axis])[bins]))
        first, second = (share.mean(axis=0) for share in shares)
        by_first = np.einsum("abc,b->ac", table, second)
        by_second = np.einsum("abc,a->bc", table, first)
        mean = np.einsum("la,abc,lb->c", shares[0], table, shares[1], optimize=True)
        mean /= len(shares[0])
        self._pairs.append((owners, places, table, by_first, by_second, mean))
        self._nothing += mean

    def responses(self, at):
        return self.constant + self.rebuilt.responses(at)

    def nothing(self):
        return self.constant + self._nothing

    def __call__(self, own, outputs):
        single = self.keep.probability is not None
        t = self.keep.probability if single else 0.5
        expected = np.tile(self.nothing(), (own.shape[1], 1))
        contrasts = np.zeros((*expected.shape, len(self.features.owned)))
        own = own.astype(int)
        for j, places, table in self._singles:
            part = table[tuple(own[places])]
            contrasts[:, :, j] += part
            expected += single * t * part
        for (j, k), places, table, by_first, by_second, mean in self._pairs:
            one, other = own[places]
            both, first, second = table[one, other], by_first[one], by_second[other]
            contrasts[:, :, j] += t * (both - second) + (1.0 - t) * (first - mean)
            contrasts[:, :, k] += t * (both - first) + (1.0 - t) * (second - mean)
            mixed = t * (both - mean) + (1.0 - t) * (first + second - 2.0 * mean)
            expected += single * t * mixed
        return expected[:, outputs], contrasts[:, outputs]

    def pairs(self, own, outputs, pairs):
        """Contrasts of pairs of columns, the same whatever the others do."""
        d, own = len(self.features.owned), own.astype(int)
        found = np.zeros((d, d, own.shape[1], len(self.constant)))
        for (j, k), places, table, by_first, by_second, mean in self._pairs:
            one, other = own[places]
            both = table[one, other] - by_first[one] - by_second[other] + mean
            found[j, k] += both
            found[k, j] += both
        first, second = pairs.T
        return found[first, second][..., outputs].transpose(1, 2, 0)
