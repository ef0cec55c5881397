"""Ranges of bins: what conditions can ask for, and columns that list them."""

import numpy as np
import pytest

from sklime.anchors.bin_ranges import BinRanges
from sklime.laws.columns import BinnedColumn
from sklime.laws.overlapping import OverlappingRanges

VALUES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
MASSES = np.array([0.1, 0.2, 0.05, 0.15, 0.2, 0.1, 0.2])


def column(has_gaps=True):
    n = len(VALUES) - (not has_gaps)
    masses = MASSES[:n] / MASSES[:n].sum()
    return BinnedColumn(VALUES[:n], masses, np.array([0.5, 2.5, 4.5]))


def test_ranges_around_a_bin_are_all_runs_that_hold_it():
    own, with_gaps = column(has_gaps=False), column()
    ranges = BinRanges.of_runs([own, with_gaps])
    which, low, high = ranges.around(np.array([0, 1, 0, 1]), np.array([0, 2, 3, 4]))
    found = [set(zip(low[which == k], high[which == k], strict=True)) for k in range(4)]
    assert found[0] == {(0, 0), (0, 1), (0, 2)}
    # With gaps also what is not missing at all.
    assert found[1] == {(0, 2), (0, 3), (1, 2), (1, 3), (2, 2), (2, 3)}
    assert found[2] == {(1, 3), (2, 3), (3, 3)}
    assert found[3] == {(4, 4)}


@pytest.mark.parametrize("has_gaps", [False, True])
def test_a_column_of_ranges_has_the_laws_of_its_ranges_and_its_own_as_a_whole(has_gaps):
    base = column(has_gaps)
    low, high = BinRanges.of_runs([base]).all_of(0)
    own = OverlappingRanges(base, low, high)
    bins, n = own.law(None).bins, len(base.frequencies)
    assert own.masses.sum() == pytest.approx(1.0, abs=1e-14)
    assert np.array_equal(own.values[own.places], base.values, equal_nan=True)

    def by_value(values, masses):
        codes = np.where(np.isnan(values), 6, values).astype(int)
        return np.bincount(codes, masses, 7)

    assert by_value(own.values, own.masses) == pytest.approx(
        by_value(base.values, base.masses), abs=1e-14
    )
    for k in range(n + len(low)):
        first, last = (k, k) if k < n else (low[k - n], high[k - n])
        inside = (first <= base.bins) & (base.bins <= last)
        law = by_value(own.values[bins == k], own.masses[bins == k])
        wanted = by_value(base.values[inside], base.masses[inside])
        assert law / law.sum() == pytest.approx(wanted / wanted.sum(), abs=1e-14)
