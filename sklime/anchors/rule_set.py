"""Rule sets: a short list of anchors that together cover a table."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from sklime.anchors.container import Anchors
from sklime.anchors.criteria import answers_of_rules, suffice_for_rows
from sklime.anchors.rules import Rule
from sklime.base import DocumentedEstimator
from sklime.explanation.greedy_picks import greedy_picks
from sklime.fitting import check_fitted
from sklime.tables.typing import Table
from sklime.validation import check_count


class RuleSet(DocumentedEstimator):
    """A short list of rules that covers a table: the global picture of anchors.

    Rules are chosen greedily: each suffices for the model's own answers to most of the rows
    that keep it and that those before it leave. By "hard" and "soft" a rule suffices for
    rows of the same class; by "mean" for rows whose answer is at most their tolerance from
    the rule's expected answer; by "share" for rows whose answer is at most their tolerance
    from that to the row that the rule comes from.

    Parameters
    ----------
    max_rules : int, default=10
        Rules at most. Fewer are chosen where no rule suffices for any of the rows that are
        left.

    Attributes
    ----------
    rules_ : list of Rule
        The rules, in the order in which they were chosen: the first suffices for most rows.
    targets_ : ndarray of shape (n_rules,)
        The explained output of each: of classifiers the class that it suffices for.
    indices_ : ndarray of shape (n_rules,) of int
        The rows of the anchors that they come from.
    precision_ : float
        Mean of the rules' precisions, each weighted by the rows that it is the first to
        cover; of "soft" and "mean" these are expected answers, as in `Anchors`.
    coverage_ : float
        Share of the anchors' rows that keep at least one rule, whatever the model answers
        to them.
    fidelity_ : float
        Of the rows that keep at least one rule, the share for whose own answer the first
        rule that they keep suffices.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklime import AnchorExplainer, RuleSet
    >>> from sklime.samplers import MarginalSampler
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    >>> bins = MarginalSampler(binning="entropy")
    >>> explainer = AnchorExplainer(model, sampler=bins, random_state=0).fit(X, y)
    >>> rules = RuleSet(max_rules=5).fit(explainer.explain(X))
    >>> for target, rule in zip(rules.targets_, rules.rules_):
    ...     print(f"{rule}: {target}")
    0.8 < petal width (cm) <= 1.75: 1
    petal width (cm) <= 0.8: 0
    petal width (cm) > 1.75: 2
    >>> rules.coverage_, rules.fidelity_
    (1.0, 1.0)
    """

    def __init__(self, max_rules: int = 10) -> None:
        self.max_rules = max_rules

    def fit(self, anchors: Anchors, y: object = None) -> Self:
        """Choose rules.

        Parameters
        ----------
        anchors : Anchors
            Of the rows that are to be covered. Rules that do not suffice are left out.
        y : ignored
            Present for scikit-learn's convention.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If these are no anchors.
        ValueError
            If no rule suffices, or the criterion is "mean" or "share" and a tolerance is
            NaN, as in anchors that an older sklime wrote.
        """
        check_count("max_rules", self.max_rules, component=self)
        if not isinstance(anchors, Anchors):
            raise TypeError(
                f"anchors is of type {type(anchors).__name__}, not Anchors: pass what "
                "AnchorExplainer.explain gives."
            )
        candidates = _distinct(anchors)
        if not candidates:
            raise ValueError(
                f"none of the {len(anchors)} anchors is valid: explain more rows, or lower "
                "the precision of the AnchorExplainer."
            )
        covered = anchors[candidates].apply(anchors.data)
        if not isinstance(covered, np.ndarray):
            covered = covered.toarray()
        suffices = covered & suffice_for_rows(anchors, candidates)
        by_rule = sparse.csr_array(suffices.T).astype(np.int64)
        chosen = greedy_picks(by_rule, np.ones(len(covered), np.int64), self.max_rules)
        first = np.argmax(covered[:, chosen], axis=1)
        any_ = covered[:, chosen].any(axis=1)
        weights = np.bincount(first[any_], minlength=len(chosen))
        self.indices_: NDArray[np.intp] = np.array(candidates)[chosen]
        self.rules_: list[Rule] = [anchors.rules[i] for i in self.indices_]
        self.targets_ = anchors.target_names[self.indices_]
        self.precision_ = float(
            np.average(anchors.precisions[self.indices_], weights=weights)
        )
        self.coverage_ = float(any_.mean())
        self.fidelity_ = float(suffices[any_, chosen[first[any_]]].mean())
        return self

    def apply(self, X: Table) -> NDArray[np.bool_]:
        """Tell which rows each rule covers.

        Parameters
        ----------
        X : table of shape (n_rows, n_features)
            With the columns of the training table.

        Returns
        -------
        ndarray of shape (n_rows, n_rules) of bool
        """
        check_fitted(self)
        return np.column_stack([rule.covers(X) for rule in self.rules_])


def _distinct(anchors):
    """Positions of valid rules, of those that suffice for the same rows the first."""
    first, answers = {}, answers_of_rules(anchors)
    for i in np.flatnonzero(anchors.valid).tolist():
        target = str(anchors.target_names[i]), None if answers is None else answers[i]
        first.setdefault((frozenset(anchors.rules[i].conditions), *target), i)
    return list(first.values())
