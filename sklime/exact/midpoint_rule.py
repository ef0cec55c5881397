r"""Midpoint rule for expected sigmoids, from the characteristic function of a score.

With :math:`\varphi_S(u) = E\,e^{i u S}`,

.. math:: E\,\sigma(S) = \frac12 + \int_0^\infty
    \frac{\operatorname{Im} \varphi_S(u)}{\sinh \pi u} \, du,

as the integral of :math:`\sin(u s) / \sinh(\pi u)` is :math:`\tanh(s / 2) / 2`.
"""

from dataclasses import dataclass

import numpy as np

from sklime.exceptions import NoClosedForm

# The integrand falls as exp(-pi u): beyond this end less than 1e-15 is left.
_END = 11.5
_MOST_NODES = 4000


@dataclass(frozen=True)
class MidpointRule:
    """Nodes and weights of the midpoint rule.

    The error of a step ``2 pi / w`` is below ``2 E exp(abs(S) - w)``, as the Fourier
    transform of ``sin(u s) / sinh(pi u)`` at a frequency `w` is below
    ``exp(abs(s) - w) / 2``.

    Parameters
    ----------
    step : float
        Between nodes, the first of which is half a step from 0.
    n_nodes : int
    """

    step: float
    n_nodes: int

    @classmethod
    def reaching(cls, reach, margin, times=1, multiple=1):
        """Rule for scores that reach so far.

        Parameters
        ----------
        reach : float
            Bound of ``log E exp(S)`` and of ``log E exp(-S)``.
        margin : float
            The rule errs by less than ``4 exp(-margin)``.
        times : int, default=1
            How many times as fine the step is as it must be.
        multiple : int, default=1
            The number of nodes is a multiple of it.

        Raises
        ------
        NoClosedForm
            If the score reaches too far.
        """
        n_nodes = _END * (reach + margin) / (2.0 * np.pi)
        # `not (a <= b)`, so that NaN is refused.
        if not n_nodes <= _MOST_NODES:
            raise NoClosedForm(
                f"the probability's score reaches {reach:,.0f}, for which the quadrature "
                f"needs {n_nodes:,.0f} nodes, more than {_MOST_NODES:,}: "
                "draws are faster"
            )
        n_nodes = int(np.ceil(times * n_nodes / multiple)) * multiple
        return cls(2.0 * np.pi / (reach + margin) / times, n_nodes)

    @property
    def nodes(self):
        """Where the characteristic function is wanted, (n_nodes,)."""
        return self.step * (np.arange(self.n_nodes) + 0.5)

    @property
    def weights(self):
        """What its imaginary part is multiplied by, (n_nodes,)."""
        return self.step / np.sinh(np.pi * self.nodes)
