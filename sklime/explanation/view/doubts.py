"""Doubts: which attributions of an explanation rest on little, or on nothing."""

import numpy as np

from sklime.explanation.units import by_output
from sklime.tables.conditions import TableConditions


def doubts(explanation):
    """Masks of the units whose attributions are doubtful, by the reason.

    Returns
    -------
    dict of ndarrays of shape (n, n_outputs, d) of bool
        ``thin``: of little support; ``unlisted``: of little support, and 0;
        ``unanswered``: NaN, or 0 as draws say nothing about the unit.
    """
    e = explanation
    values, support = by_output(e.values), by_output(e.support)
    # A column of one value, or one bin, has nothing to answer.
    varies = np.ones((len(e), 1, values.shape[2]), dtype=bool)
    if isinstance(e.conditions, TableConditions):
        alone = [
            sum(not str(label).endswith(" is missing") for label in own[:-1]) == 1
            for own in e.conditions.labels
        ]
        varies[:, 0] = ~((e.conditions.codes == 0) & np.array(alone, dtype=bool))
    varies = varies | (support > 0)
    few = by_output(e.low_support) & varies
    unanswered = np.isnan(values) | ((values == 0) & (support < 1) & varies)
    # A closed form needs no draws of its own.
    few &= e.meta.get("method") != "exact"
    return {
        "thin": few & (values != 0) & ~unanswered,
        "unanswered": unanswered,
        "unlisted": few & (values == 0) & ~unanswered,
    }
