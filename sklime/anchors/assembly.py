"""Assembly of anchors from what a search found."""

import platform

import numpy as np
import sklearn

from sklime.anchors.container import Anchors
from sklime.tables.access import take_rows
from sklime.version import __version__

# Training rows of each kind that are shown for a rule.
_N_EXAMPLES = 3


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
    rows, kind = subjects.fitted.training_rows, subjects.kind
    tables = [
        explainer._response(table, what="training row") for table in kind.tables(rows)
    ]
    answers = np.concatenate(tables)
    steps, intervals, examples = [], [], []
    for i, own in enumerate(found.conditions):
        coverage = subjects.coverage(i)
        shares = coverage.steps(own)
        steps.append(np.column_stack([found.steps[i], shares]))
        intervals.append(coverage.intervals(shares[-1:], explainer.confidence))
        examples.append(_examples(rows, subjects.keeps(i, own), criterion.same(answers, i)))
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
        examples=examples,
        meta=_metadata(explainer),
    )


def _examples(rows, kept, same):
    """Training rows that keep a rule, with the row's answer, and with another."""
    parts = {"same": kept & same, "other": kept & ~same}
    return {
        name: take_rows(rows, np.flatnonzero(part)[:_N_EXAMPLES])
        for name, part in parts.items()
    }


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
