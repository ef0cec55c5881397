"""Assembly of anchors from what a search found."""

import platform

import numpy as np
import sklearn

from sklime.anchors.container import Anchors
from sklime.anchors.rules import RuleWriter
from sklime.tables.access import take_rows
from sklime.version import __version__

# Training rows of each kind that are shown for a rule.
_N_EXAMPLES = 3


def assemble_anchors(explainer, found, X, codes, criterion, answers, features):
    """Make anchors of the rules that a search found.

    Parameters
    ----------
    explainer : AnchorExplainer
        Fitted.
    found : Found
    X : table
        The rows, checked.
    codes : ndarray of shape (n_rows, n_features) of int
        Their bins.
    criterion : Criterion
        Of the rows.
    answers : ndarray of shape (n_rows, n_outputs)
        The model's.
    features : ndarray of shape (n_rows, n_features) of bool
        Which features the rules have.

    Returns
    -------
    Anchors
    """
    coverage, sampler = explainer._coverage, explainer.sampler_
    writer = RuleWriter(sampler)
    steps = [
        _with_coverage(coverage, own, columns, codes[i])
        for i, (own, columns) in enumerate(zip(found.steps, found.columns, strict=True))
    ]
    coverages = np.array([own[-1, 1] for own in steps])
    names = sampler.kind_.column_names()
    return Anchors(
        rules=[
            writer.rule(columns, own)
            for columns, own in zip(found.columns, codes, strict=True)
        ],
        precisions=found.precision,
        precision_intervals=found.interval,
        coverages=coverages,
        coverage_intervals=coverage.intervals(coverages, explainer.confidence),
        valid=found.valid,
        predictions=criterion.answer,
        features=features,
        feature_names=np.asarray(names, dtype=object),
        target_names=explainer._response.outputs[criterion.output],
        steps=steps,
        data=X,
        examples=_examples(explainer, found, codes, criterion),
        meta=_metadata(explainer),
    )


def _with_coverage(coverage, precisions, columns, codes):
    """Precision and coverage of a rule's beginnings, (length + 1, 2)."""
    shares = [
        coverage.shares(np.array([columns[:k]], dtype=int), codes[None, list(columns[:k])])
        for k in range(len(columns) + 1)
    ]
    return np.column_stack([precisions, np.concatenate(shares)])


def _examples(explainer, found, codes, criterion):
    """Training rows that keep each rule, with the row's answer, and with another."""
    rows, kind = explainer._training_rows, explainer.sampler_.kind_
    answers = [
        explainer._response(table, what="training row") for table in kind.tables(rows)
    ]
    answers = np.concatenate(answers)
    examples = []
    for i, columns in enumerate(found.columns):
        own = np.array(columns, dtype=int)
        kept = explainer._coverage.rows(own, codes[i][own])[explainer._shown]
        same = criterion.same(answers, i)
        parts = {"same": kept & same, "other": kept & ~same}
        examples.append(
            {
                name: take_rows(rows, np.flatnonzero(part)[:_N_EXAMPLES])
                for name, part in parts.items()
            }
        )
    return examples


def _metadata(explainer):
    parameters = explainer.get_params(deep=False)
    return {
        "criterion": explainer.criterion_,
        "method": explainer.method_,
        "model": type(explainer.estimator_).__name__,
        "response_method": explainer._response.method,
        "parameters": {
            name: repr(value) for name, value in parameters.items() if name != "estimator"
        },
        "seed": int(explainer._seed),
        "versions": {
            "sklime": __version__,
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
