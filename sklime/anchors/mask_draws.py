"""Draws of masked copies of one row: a rule's units are kept, the others are or are not."""

import numpy as np
from scipy.special import gammaln
from sklearn.utils import gen_batches

from sklime.anchors.draws import BATCH, Draws
from sklime.model.queries import predict_masked
from sklime.tables.access import block_bytes

# Stream of the draws before any rule, beside those of `sklime.anchors.draws`.
_POOL = 2


class MaskDraws(Draws):
    """Draws of masked copies of one row: bin 1 of a unit is that it is kept.

    Within a rule the law of the sampler's masks is conditional on its units being kept.

    Parameters
    ----------
    sampler : MaskSampler
        Fitted.
    row : MaskedRow
    response : Response
    n_samples, seed : int
        Draws before any rule.
    """

    def __init__(self, sampler, row, response, n_samples, seed):
        self._kind, self._row, self._response = sampler.kind_, row, response
        self._masses = sampler.mask_law(row.n_units).masses
        self._seed = seed
        masks = self._masks((), n_samples, _POOL, 0)
        self._pool = masks, self._ask(masks)
        self._found = {}

    def pool(self):
        return self._pool

    def ask(self, wanted):
        batches = [own for own in dict.fromkeys(wanted) if own not in self._found]
        if not batches:
            return
        masks = [self._masks(rule, BATCH, *own) for rule, *own in batches]
        answers = np.split(self._ask(np.concatenate(masks)), len(batches))
        self._found.update(zip(batches, zip(masks, answers, strict=True), strict=True))

    def batch(self, rule, stream, number):
        return self._found[rule, stream, number]

    def _ask(self, masks):
        return predict_masked(self._response, self._kind, self._row, masks, "masked copy")

    def _masks(self, rule, n, stream, number):
        """Masks that keep a rule's units, of the conditional law, (n, n_units) of bool."""
        held = [j for j, _, _ in rule]
        rng = np.random.default_rng([self._seed, stream, number, *held])
        d = self._row.n_units
        kept = rng.choice(d + 1, size=(n, 1), p=self._numbers(len(held)))
        masks = np.empty((n, d), dtype=bool)
        # Ranks take far more memory than the masks that are made of them.
        for block in gen_batches(n, max(1, block_bytes() // (24 * d))):
            order = rng.random((block.stop - block.start, d))
            order[:, held] = -1.0
            masks[block] = order.argsort(axis=1).argsort(axis=1) < kept[block]
        return masks

    def _numbers(self, n_held):
        """Probabilities of the numbers of kept units, where some units are."""
        d = len(self._masses) - 1
        k = np.arange(n_held, d + 1)
        # Of all masks of k units, those that keep the rule's.
        logs = gammaln(k + 1.0) - gammaln(k - n_held + 1.0)
        masses = np.zeros(d + 1)
        masses[n_held:] = self._masses[n_held:] * np.exp(logs - logs.max())
        if not masses.any():
            masses[d] = 1.0
        return masses / masses.sum()
