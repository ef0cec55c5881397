"""Fidelity and attributions over the width of the kernel."""

from itertools import chain

import numpy as np
from sklearn.base import clone

from sklime.explainer.blocks import STEPS_OF_A_BAR
from sklime.explainer.progress import progress


def measure_widths(explainer, X, widths, n_repeats, verbose):
    """Fit copies of an explainer with other widths, and judge them on the same rows.

    What widths share is asked once: the reference neighbourhoods, and the draws that a
    random state makes for all rows.

    Parameters
    ----------
    explainer : LimeExplainer
        Fitted or not; it is not changed.
    X : table of shape (n_rows, n_features)
        Rows that the copies are fitted to and that they explain.
    widths : sequence of m floats
    n_repeats : int
        Number of random states.
    verbose : int
        Above 0: a progress bar.

    Returns
    -------
    fidelity : ndarray of shape (m, n_repeats)
    attributions : list of m lists of n_repeats matrices
        As `transform` gives them.
    """
    fidelity = np.empty((len(widths), n_repeats))
    attributions = [[] for _ in widths]
    reference = None
    n_fits = len(widths) * n_repeats
    with progress("measuring widths", n_fits, verbose, unit="fit") as done:
        for seed in range(n_repeats):
            known = {}
            for i, width in enumerate(widths):
                own = {"kernel__width": width, "random_state": seed, "verbose": 0}
                copy = clone(explainer).set_params(**own)
                copy._known_responses = known
                copy.fit(X)
                if reference is None:
                    reference = _reference(copy, X)
                asked = copy._ask(X, copy.target)
                own = asked, reference, copy._jobs
                matrix, fidelity[i, seed] = copy._fitted.judged(*own)
                attributions[i].append(matrix)
                done(1)
    return fidelity, attributions


def _reference(explainer, X):
    """Design and responses of the reference neighbourhoods of rows."""
    rows = explainer._ask(X, explainer.target).rows
    response = explainer._fitted.response
    blocks = rows.blocks(max(1, len(rows) // STEPS_OF_A_BAR))
    parts = (rows.reference(own, rows.block(own), response) for own in blocks)
    return list(chain.from_iterable(parts))
