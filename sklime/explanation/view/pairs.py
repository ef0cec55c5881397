"""Strongest interactions of pairs of features for a page: their mean sizes."""

import numpy as np

from sklime.explanation.attribution import SHAPLEY_VALUE, viewed
from sklime.explanation.units import by_output, check_common_units
from sklime.page.numbers import aligned

# Pairs with a line of their own.
_MOST_PAIRS = 10

# What interactions are called where it is not the name of attributions.
_TITLES = {SHAPLEY_VALUE: "Shapley interaction"}

# What pairs are of, by the kind of the rows.
_FEATURES = {
    "table": "conditions",
    "text": "words",
    "image": "segments",
    "sequence": "segments",
    "mixed": "features",
}


def strongest_pairs(explanation):
    """Describe the pairs of features that interact most, as plain JSON.

    Returns
    -------
    dict or None
        None where there are no interactions, or images are cut differently, so that pairs
        of one name have nothing in common. ``attribution``, what is drawn: contributions of
        the pairs where they are known, else effects; ``title``, what it is called of pairs;
        ``features``, what the pairs are of; ``lines``, the strongest pairs, each with the
        ``names`` of its features, its mean size over rows and outputs as a ``text``, and as
        a ``share`` of the longest in percent; ``n_others``, how many pairs there are
        besides; ``n_unknown``, how many no row tells.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from sklime import LimeExplainer
    >>> from sklime.explanation.view.pairs import strongest_pairs
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y)
    >>> explainer = LimeExplainer(model, random_state=0).fit(X)
    >>> explanation = explainer.explain(X[:50], interactions=True)
    >>> strongest_pairs(explanation)["lines"][0]["names"]
    ['bmi', 's5']
    """
    if explanation.interactions is None or not _have_common_units(explanation):
        return None
    explanation = viewed(explanation)
    values = by_output(explanation.interactions)
    known = np.isfinite(values)
    counts = known.sum(axis=(0, 1))
    sizes = np.where(known, np.abs(values), 0.0).sum(axis=(0, 1)) / np.maximum(counts, 1)
    order = np.argsort(-sizes, kind="stable")
    order = order[sizes[order] > 0.0]
    shown = order[:_MOST_PAIRS]
    texts = aligned(sizes[shown], signed=False)
    return {
        "attribution": explanation.attribution,
        "title": _TITLES.get(explanation.attribution, explanation.attribution),
        "features": _FEATURES[explanation.kind],
        "lines": [
            {
                "names": list(map(str, explanation.interaction_pairs[i])),
                "text": text,
                "share": round(100 * sizes[i] / sizes[shown[0]], 1),
            }
            for i, text in zip(shown, texts, strict=True)
        ],
        "n_others": len(order) - len(shown),
        "n_unknown": int((counts == 0).sum()),
    }


def _have_common_units(explanation):
    try:
        check_common_units(explanation)
    except ValueError:
        return False
    return True
