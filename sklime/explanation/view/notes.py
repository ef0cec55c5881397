"""Notes on how to read an explanation, where a reader could be misled."""

import numpy as np

from sklime.explanation.attribution import SHAPLEY_VALUE
from sklime.page.numbers import spelled

# Weights hardly differ where the effective sample size is this share of the draws.
_NEARLY_ALL = 0.9
# Surrogates follow the model roughly at best below this R2.
_LOW_FIDELITY = 0.5
# Samplers of tables whose draws lie all over the training table, wherever the row is.
_GLOBAL = ("None", "MarginalSampler(", "TrainingSampler(", "GaussianSampler(")


def reading_notes(explanation):
    """Tell what a reader should know of all rows before looking at one.

    Returns
    -------
    list of str
        That the explanation is nearly global, where the kernel hardly weights the draws;
        what helps, where surrogates follow the model only roughly, or miss it on the
        nearest training rows.
    """
    notes = []
    if is_nearly_global(explanation):
        sizes = np.median(explanation.effective_sample_sizes)
        notes.append(
            "This is nearly a global explanation: the kernel hardly weights the draws "
            f"({explanation.meta['n_samples']:,} are worth {sizes:,.0f} equal ones), so "
            "that rows of the same bins are explained alike. A smaller kernel__width makes "
            "it local."
        )
    scores = explanation.scores[np.isfinite(explanation.scores)]
    if explanation.attribution == SHAPLEY_VALUE:
        # They share what units do together, which no sum over coalitions can show.
        return notes
    if len(scores) and (middle := np.median(scores)) < _LOW_FIDELITY:
        notes.append(
            f"R² is low (median {middle:.2f}): the surrogates follow the model only "
            f"roughly. {_cure(explanation)}"
        )
    return notes + _notes_of_neighbours(explanation)


def is_nearly_global(explanation):
    """Whether the weights of most rows' draws hardly differ, and draws are global.

    Parameters
    ----------
    explanation : Explanation
        Made by an explainer, whose `meta` says by which sampler, kernel and draws.
    """
    meta, sizes = explanation.meta, explanation.effective_sample_sizes
    parameters, n = meta.get("parameters"), meta.get("n_samples")
    if not isinstance(parameters, dict) or not isinstance(n, int) or not sizes.size:
        return False
    sampler = str(parameters.get("sampler", "None"))
    near = explanation.kind == "table" and sampler.startswith(_GLOBAL)
    if not near or "instance" in sampler or meta.get("weighting") == "tilted":
        return False
    # Draws of a row's own are unweighted, and near the row all the same.
    own = (sizes == n) & (not str(meta.get("kernel")).startswith("UniformKernel"))
    return bool(np.mean((sizes >= _NEARLY_ALL * n) & ~own) > 0.5)


def _notes_of_neighbours(explanation):
    if explanation.neighbour_scores is None:
        return []
    scores = explanation.neighbour_scores[np.isfinite(explanation.neighbour_scores)]
    if not len(scores) or not (middle := np.median(scores)) < _LOW_FIDELITY:
        return []
    n = explanation.meta.get("neighbours", "")
    shown = spelled(float(f"{middle:.3g}"))
    return [
        f"The surrogates miss real rows nearby: R² on the {n} nearest training rows is "
        f"{shown} in the median, where 1 is perfect and below 0 is worse than a constant. "
        "The attributions tell what the model does on drawn rows, which may be unlike any "
        "real one. Standardised values with a local kernel, MarginalSampler(n_bins=None) "
        'and ExponentialKernel(width="local"), usually follow real rows better; '
        'sklime.metrics.fidelity_score(reference="neighbours") compares settings.'
    ]


def _cure(explanation):
    if explanation.kind != "table":
        return "Fewer and larger units, or a smaller kernel__width, usually help."
    return (
        "A smaller kernel__width usually helps, and for numbers standardised values "
        "(MarginalSampler(n_bins=None)) instead of bins; score compares settings."
    )
