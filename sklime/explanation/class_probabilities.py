"""Probabilities of all classes for one explained row, as far as they are known."""


def class_probabilities(explanation, row):
    """Names and predicted probabilities of classes, in the order of `classes_`.

    All are known with ``target="all"``, and where the explanation holds them; of two
    classes each tells the other; else the explained one and all others together are.

    Parameters
    ----------
    explanation : Explanation
        Of a classifier's probabilities, which ``meta["classes"]`` tells.
    row : int
        Position of the row.

    Returns
    -------
    list of (object, float)
        Empty where probabilities are not what is explained.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklime import LimeExplainer
    >>> from sklime.explanation.class_probabilities import class_probabilities
    >>> X, y = load_iris(return_X_y=True)
    >>> explainer = LimeExplainer(GaussianNB().fit(X, y > 0), random_state=0).fit(X)
    >>> class_probabilities(explainer.explain(X[:1]), 0)
    [(False, 1.0), (True, 0.0)]
    """
    e, classes = explanation, explanation.meta.get("classes")
    if not classes:
        return []
    known = e.predictions[row]
    if e.values.ndim == 3:
        return list(zip(e.target_names.tolist(), known.tolist(), strict=True))
    if e.class_probabilities is not None:
        return list(zip(classes, e.class_probabilities[row].tolist(), strict=True))
    own, p = e.target_names[row], float(known)
    if len(classes) != 2:
        return [(own, p), ("others", 1.0 - p)]
    return [(name, p if name == own else 1.0 - p) for name in classes]
