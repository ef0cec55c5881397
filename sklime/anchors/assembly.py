"""Assembly of anchors from what a search found."""

import platform

import numpy as np
import sklearn

from sklime.anchors.container import Anchors
from sklime.anchors.subjects import spread
from sklime.tables.access import take_rows
from sklime.version import __version__

# Training rows of each kind that are shown for a rule, and that the model is asked about to
# find them.
_N_EXAMPLES, _N_LOOKED_AT = 3, 256


def assemble_anchors(explainer, found, subjects, criterion):
    """Make anchors of the rules that a search found.

    Parameters
    ----------
    explainer : AnchorExplainer
        Fitted.
    found : Found
    subjects : Subjects
        The rows.
    criterion : Criterion
        Of the rows.

    Returns
    -------
    Anchors
    """
    steps, intervals = [], []
    for i, own in enumerate(found.conditions):
        coverage = subjects.coverage(i)
        shares = coverage.steps(own)
        steps.append(np.column_stack([found.steps[i], shares]))
        intervals.append(coverage.intervals(shares[-1:], explainer.confidence))
    return Anchors(
        rules=[subjects.rule(i, own) for i, own in enumerate(found.conditions)],
        precisions=found.precision,
        precision_intervals=found.interval,
        coverages=np.array([own[-1, 1] for own in steps]),
        coverage_intervals=np.concatenate([np.empty((0, 2)), *intervals]),
        valid=found.valid,
        predictions=criterion.answer,
        features=subjects.features(found.columns),
        feature_names=subjects.names,
        target_names=explainer._response.outputs[criterion.output],
        steps=steps,
        data=subjects.kind.shown(subjects.X, subjects.given),
        examples=_examples(explainer._response, found, subjects, criterion),
        meta=_metadata(explainer),
        criterion=explainer.criterion_,
        tolerances=np.nan if criterion.tolerance is None else criterion.tolerance,
    )


def _examples(response, found, subjects, criterion):
    """Training rows that keep each rule, with its row's answer, and with another."""
    rows, kept = subjects.fitted.training_rows, []
    for i, own in enumerate(found.conditions):
        inside = np.flatnonzero(subjects.keeps(i, own))
        kept.append(inside[spread(len(inside), _N_LOOKED_AT)])
    asked = np.unique(np.concatenate(kept))
    answers = np.empty((0, len(response.outputs)))
    if len(asked):
        tables = subjects.kind.tables(take_rows(rows, asked))
        answers = np.concatenate([response(own, what="training row") for own in tables])
    examples = []
    for i, inside in enumerate(kept):
        same = criterion.same(answers[np.searchsorted(asked, inside)], i)
        parts = {"same": inside[same], "other": inside[~same]}
        examples.append(
            {name: take_rows(rows, part[:_N_EXAMPLES]) for name, part in parts.items()}
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
