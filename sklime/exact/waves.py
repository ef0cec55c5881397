"""Sigmoids of additive scores as sums of products over columns: a wave for each node."""

import numpy as np

from sklime.exact.midpoint_rule import MidpointRule

# The rule errs by 4 exp(-margin): less than 1e-15 also of a contrast, of two expectations.
_MARGIN = 37.0


class Waves:
    r"""Sigmoid of a score, less 1/2, as a sum of products: one term a node.

    .. math:: \sigma(S) = \frac12 + \int_0^\infty \frac{\sin u S}{\sinh \pi u} \, du

    Parameters
    ----------
    form : SigmoidForm
        Tells what the columns add to the score.
    owner : ndarray of shape (n_model_features,) of int
        The table column of each model feature; -1 for a constant one.
    constant : float
        Of the score.
    reach : float
        How far the score may be from 0.

    Raises
    ------
    NoClosedForm
        If the score reaches too far.
    """

    def __init__(self, form, owner, constant, reach):
        rule = MidpointRule.reaching(reach, _MARGIN)
        self.form, self.owner, self.nodes = form, owner, rule.nodes
        weights = rule.weights * np.exp(1j * self.nodes * constant)
        self.weights = -1j * weights[:, np.newaxis] * [-1.0, 1.0]

    def factors(self, features, values):
        """Factors of all nodes at points of one column, as of a `ProductForm`."""
        if not (self.owner[features] >= 0).any():
            # They are in the constant.
            return np.ones((values.shape[1], len(self.nodes)), dtype=complex)
        return np.exp(1j * np.outer(self.form.part(features, values), self.nodes))
