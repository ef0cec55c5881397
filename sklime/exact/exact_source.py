"""Bases of the exact moment sources: the limit, in which nothing is estimated."""

from dataclasses import replace

import numpy as np

from sklime.moments.source import MomentSource

# The number of rows is padded to a multiple, lest a product of one row be summed in
# another order than a product of many.
_PADDING = 8


class ExactSource(MomentSource):
    """Base of the exact moment sources: the limit, in which nothing is estimated."""

    # What is held for a row is little beside what is made of it.
    bytes_per_row = 1

    def with_standard_errors(self, surrogates, moments, evaluated, outputs):
        errors = getattr(moments, "errors", None)
        if errors is not None:
            return surrogates.with_known_errors(errors)
        return replace(surrogates, standard_errors=np.zeros_like(surrogates.coef))


class ExactContrasts(ExactSource):
    """Base of the exact sources of independent columns: a coefficient is a contrast."""

    def bytes_of_fit(self, n_explained: int, n_features: int, n_chosen: int) -> int:
        # There is no system to solve, nor one to select from.
        return 64 * n_explained * n_features


def padded(values):
    """Arrays of one number a row, their last axis, filled up to whole blocks of rows."""
    extra = (0, -values.shape[-1] % _PADDING)
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [extra], mode="edge")


def whole_blocks(n_rows, most):
    """Largest number of rows in whole blocks, at least one block and at most `most`."""
    height = np.clip(n_rows, _PADDING, most)
    return int(height - height % _PADDING)


def distinct_outputs(outputs):
    """Outputs that any row explains, and which of these each row's own are."""
    wanted, place = np.unique(outputs, return_inverse=True)
    return wanted, place.reshape(outputs.shape)
