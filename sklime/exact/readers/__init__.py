"""Readers of fitted models: each finds the closed form of one family."""

from sklime.exact.readers import (
    averages,
    boosting,
    explainable_boosting,
    gaussian_process,
    kernel_machines,
    linear,
    log_links,
    naive_bayes,
    scikit_learn,
)
from sklime.exact.readers.reading import READERS

# Tried in this order. A new family is a module and a line here; a reader of one's own is
# added by `READERS.append(read)`. Probabilities are read from margins beside these.
READERS += [
    log_links.read,
    linear.read,
    scikit_learn.read,
    boosting.read,
    explainable_boosting.read,
    kernel_machines.read,
    gaussian_process.read,
    naive_bayes.read,
    averages.read,
]

__all__ = ["READERS"]
