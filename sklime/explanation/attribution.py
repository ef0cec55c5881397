"""The two views of attributions: effects of conditions, and their contributions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from sklime.validation import listed

EFFECT, CONTRIBUTION, SHAPLEY_VALUE = "effect", "contribution", "Shapley value"

# Views that can be asked for.
VIEWS = (EFFECT, CONTRIBUTION)

# What values can be: Shapley values have no other view, as they add up already.
KINDS = (*VIEWS, SHAPLEY_VALUE)

Attribution = Literal["effect", "contribution"]


class AttributionViews:
    """Mixin of `Explanation`: effects and contributions."""

    if TYPE_CHECKING:
        values: NDArray[np.float64]
        standard_errors: NDArray[np.float64] | None
        feature_means: NDArray[np.float64] | None
        positions: NDArray[np.float64] | None
        coefficients: NDArray[np.float64] | None
        coefficient_errors: NDArray[np.float64] | None
        interactions: NDArray[np.float64] | None
        interaction_pairs: list[tuple[Any, Any]] | None
        interaction_standard_errors: NDArray[np.float64] | None
        interaction_positions: NDArray[np.float64] | None
        interaction_coefficients: NDArray[np.float64] | None
        interaction_coefficient_errors: NDArray[np.float64] | None
        feature_names: NDArray[np.object_]
        meta: dict[str, Any]

    @property
    def attribution(self) -> Literal["effect", "contribution", "Shapley value"]:
        """What `values` are: "effect", "contribution" or "Shapley value"."""
        return self.meta.get("attribution", EFFECT)

    def contributions(self) -> Self:
        r"""View the attributions as contributions, which add up to the local prediction.

        A contribution is the effect times how far the row lies from the neighbourhood's
        mean, :math:`b_j (z_j - \bar z_j)`: of a condition the effect times the share of
        the weighted draws for which it does not hold. So conditions that hold for nearly
        everyone contribute little, however large their effects, and
        ``values.sum(axis=-1) + baselines`` is `local_predictions` (`numpy.nansum` where
        rows are padded); `interactions`, which are scaled by both of a pair's distances,
        come on top. Rank and average rows by these; effects say what would change if
        a condition did not hold.

        Returns
        -------
        Explanation
            Standard errors scaled alike, ``meta["attribution"]`` set to "contribution". An
            explanation whose values are contributions is returned as it is, and so is one
            of Shapley values, which add up already.

        Raises
        ------
        ValueError
            If the means of the features are not known.

        See Also
        --------
        effects : The inverse, equal to the bit.

        Examples
        --------
        >>> from sklearn.datasets import load_diabetes
        >>> from sklearn.linear_model import LinearRegression
        >>> from sklime import LimeExplainer
        >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
        >>> explainer = LimeExplainer(LinearRegression().fit(X, y), random_state=0).fit(X)
        >>> own = explainer.explain(X[:2]).contributions()
        >>> (own.baselines + own.values.sum(axis=1) - own.local_predictions).round(9)
        array([0., 0.])
        >>> own.effects() == explainer.explain(X[:2])
        True
        """
        if self.attribution != EFFECT:
            return self
        if self.feature_means is None:
            raise ValueError(
                "feature_means is None, so that contributions are not known: documents of "
                "version 1, frames and explanations built without it do not hold the means "
                "of the features. Explain the rows again by LimeExplainer.explain, or keep "
                'to their effects, where asked with attribution="effect".'
            )
        here = 1.0 if self.positions is None else self.positions
        scale = here - self.feature_means
        errors = self.standard_errors
        pairs = {}
        if self.interactions is not None:
            pairs = self._contributing_pairs(scale)
        return self._replaced(
            # Plus 0, as features that were not selected are 0 and not -0.
            values=self.values * scale + 0.0,
            standard_errors=None if errors is None else errors * np.abs(scale),
            coefficients=self.values,
            coefficient_errors=errors,
            meta=self.meta | {"attribution": CONTRIBUTION},
            **pairs,
        )

    def effects(self) -> Self:
        """View the attributions as effects, the coefficients of the surrogates.

        Returns
        -------
        Explanation
            With ``meta["attribution"]`` set to "effect". An explanation whose values are
            effects, or Shapley values, is returned as it is.

        Raises
        ------
        ValueError
            If the values are contributions, and the coefficients are not known.

        See Also
        --------
        contributions : The inverse.
        """
        if self.attribution != CONTRIBUTION:
            return self
        if self.coefficients is None:
            raise ValueError(
                "coefficients is None, so that effects are not known: explain the rows "
                "again by LimeExplainer.explain, and take its contributions()."
            )
        return self._replaced(
            values=self.coefficients,
            standard_errors=self.coefficient_errors,
            coefficients=None,
            coefficient_errors=None,
            interactions=self.interaction_coefficients,
            interaction_standard_errors=self.interaction_coefficient_errors,
            interaction_coefficients=None,
            interaction_coefficient_errors=None,
            meta=self.meta | {"attribution": EFFECT},
        )

    def _contributing_pairs(self, scale):
        """Fields of the pairs, times how far the row lies from both means."""
        if self.interaction_positions is not None:
            scale = self.interaction_positions
        else:
            first, second = pair_positions(self.interaction_pairs, self.feature_names).T
            scale = scale[..., first] * scale[..., second]
        errors = self.interaction_standard_errors
        return {
            "interactions": self.interactions * scale + 0.0,
            "interaction_standard_errors": None
            if errors is None
            else errors * np.abs(scale),
            "interaction_coefficients": self.interactions,
            "interaction_coefficient_errors": errors,
        }

    def _replaced(self, **fields):
        return replace(self, **fields)


def pair_positions(pairs, names):
    """Positions of pairs of names among all names, of shape (n_pairs, 2)."""
    place = {name: j for j, name in reversed(list(enumerate(names)))}
    found = [[place[name] for name in pair] for pair in pairs]
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def viewed(explanation, attribution=None):
    """View an explanation for a ranking of features over rows.

    Parameters
    ----------
    explanation : Explanation
    attribution : {"contribution", "effect"} or None
        The view. None: contributions where they are known, else what there is.

    Raises
    ------
    ValueError
        If there is no such view, or it is not known.
    """
    check_attribution(attribution, (*VIEWS, None))
    if attribution == EFFECT:
        return explanation.effects()
    if attribution is None and explanation.feature_means is None:
        return explanation
    return explanation.contributions()


def check_attribution(attribution, views=VIEWS):
    """Raise a ValueError if there is no such view."""
    known = attribution is None or isinstance(attribution, str)
    if not known or attribution not in views:
        raise ValueError(
            f"attribution={attribution!r} must be one of {listed(map(repr, views))}"
        )


def attribution_label(explanation):
    """Label of an axis or colour bar of attributions: what is meant by them.

    Returns
    -------
    str
        Such as "contribution to P(yes)", or "change of P(yes) if the condition holds".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from sklime import LimeExplainer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> explanation = LimeExplainer(model, random_state=0).fit(X).explain(X[:1])
    >>> attribution_label(explanation)
    'change of P(1) if the condition holds'
    >>> attribution_label(explanation.contributions())
    'contribution to P(1)'
    """
    output = output_label(explanation)
    if explanation.attribution == CONTRIBUTION:
        return f"contribution to {output}"
    if explanation.attribution == SHAPLEY_VALUE:
        return f"Shapley value for {output}"
    if explanation.positions is not None and explanation.kind == "mixed":
        return f"change of {output} if the {_PRESENT['mixed']}, or per standard deviation"
    if explanation.positions is not None:
        return f"change of {output} per standard deviation"
    return f"change of {output} if the {_PRESENT[explanation.kind]}"


# When the interpretable feature of a unit is 1.
_PRESENT = {
    "table": "condition holds",
    "text": "word is there",
    "image": "segment is shown",
    "sequence": "segment is shown",
    "mixed": "word is there or the condition holds",
}


def output_label(explanation):
    """What is explained: a probability, a margin, or the output's name."""
    names = [*dict.fromkeys(map(str, explanation.target_names))]
    name = names[0] if len(names) == 1 else "each row's own class"
    method = explanation.meta.get("response_method")
    if method == "predict_proba":
        return f"P({name})"
    if method == "decision_function":
        return f"the margin of {name}"
    return name if len(names) == 1 else "each row's own output"


def comparable_outputs(explanation):
    """Whether outputs are on one scale, as those of a classifier; numbers may be of any."""
    return explanation.meta.get("response_method") != "predict" or bool(
        explanation.meta.get("classes")
    )
