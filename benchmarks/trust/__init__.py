"""Published experiments on trust in predictions and in models (Ribeiro et al. 2016).

On made-up reviews, as those of the paper are not on every machine.
"""

from benchmarks.trust import comparison, predictions, recall

__all__ = ["measure"]


def measure():
    return [*recall.measure(), *predictions.measure(), *comparison.measure()]
