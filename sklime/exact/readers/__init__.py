"""Readers of fitted models: each finds the closed form of one family."""

from sklime.exact.readers import boosting, explainable_boosting, linear, scikit_learn

# Tried in this order. A new family is a module and a line here; a reader of one's own is
# added by `READERS.append(read)`.
READERS = [linear.read, scikit_learn.read, boosting.read, explainable_boosting.read]

__all__ = ["READERS"]
