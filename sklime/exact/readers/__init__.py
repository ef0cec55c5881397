"""Readers of fitted models: each finds the closed form of one family."""

from sklime.exact.readers import (
    boosting,
    gaussian_process,
    kernel_machines,
    linear,
    log_links,
    scikit_learn,
    transformed_targets,
)

# Tried in this order. A new family is a module and a line here; a reader of one's own is
# added by `READERS.append(read)`.
READERS = [
    log_links.read,
    linear.read,
    scikit_learn.read,
    boosting.read,
    kernel_machines.read,
    gaussian_process.read,
    transformed_targets.read,
]

__all__ = ["READERS"]
