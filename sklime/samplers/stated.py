"""Laws of samplers that state a product law of their columns."""

import numpy as np

from sklime.exceptions import NoClosedForm
from sklime.laws.base import Sample
from sklime.laws.checks import check_masses, check_samples
from sklime.laws.columns import Column
from sklime.laws.coordinates import UNSEEN, Coordinates
from sklime.laws.independent import IndependentColumns
from sklime.laws.product import Atoms, ProductLaw
from sklime.laws.quasirandom import (
    count_draws,
    places_of_draws,
    resolve_seed,
    scramble_of_draws,
    uniform_numbers,
)
from sklime.samplers.own import OwnDrawsLaw
from sklime.tables.access import n_rows, take_rows
from sklime.tables.dense import DenseFormat

# Training rows whose laws are compared, and draws that they are compared with.
_N_ROWS = 4
_N_DRAWS = 4096


class StatedLaw(OwnDrawsLaw):
    """Law of a sampler whose `law` states independent columns, seen from each row.

    Draws of the law itself are the sampler's own; what is stated is for draws from the
    kernel-weighted law and for closed forms.
    """

    def tilt(self, kernel):
        if kernel.column_factor is None:
            return None
        return WeightedStatedLaw(self.sampler, kernel)

    def independent_columns(self, X):
        chosen = np.unique(np.linspace(0, n_rows(X) - 1, _N_ROWS).astype(int))
        rows = [take_rows(X, [i]) for i in chosen]
        laws = [stated_law(self.sampler, row) for row in rows]
        if None in laws:
            raise NoClosedForm(f"{self.sampler!r} states no law of its columns")
        format_ = DenseFormat(X)
        if not format_.numeric.all():
            raise NoClosedForm(f"{self.sampler!r} states laws of columns without numbers")
        for row, law in zip(rows, laws, strict=True):
            if not all(isinstance(column, Atoms) for column in law.columns):
                raise NoClosedForm(f"{self.sampler!r} states laws that are not discrete")
            if not all(map(_compares_bins, law.columns)):
                raise NoClosedForm(f"{self.sampler!r} states laws that compare no bins")
            if not all(map(_same_atoms, law.columns, laws[0].columns)):
                raise NoClosedForm(f"{self.sampler!r} states other laws for other rows")
            _check_draws(self.sampler, row, law, format_)
        columns = [_column(atoms) for atoms in laws[0].columns]
        return IndependentColumns(columns, format_, self)

    def locate(self, X):
        """Coordinates of rows: the bins from which their laws see no deviation."""
        codes = []
        for i in range(n_rows(X)):
            law = stated_law(self.sampler, take_rows(X, [i]))
            own = [column.bins[column.deviations == 0.0] for column in law.columns]
            codes.append([bins[0] if len(bins) else UNSEEN for bins in own])
        codes = np.array(codes, dtype=np.intp).T
        return Coordinates(np.ones(len(codes), dtype=bool), codes, None)


class WeightedStatedLaw(OwnDrawsLaw):
    """The law that a sampler states, weighted by a kernel: draws need no weights.

    Parameters
    ----------
    sampler : Sampler
        Fitted; states a product law.
    kernel : Kernel
        A product over columns.
    """

    def __init__(self, sampler, kernel):
        super().__init__(sampler)
        self.kernel = kernel

    def draw(self, X, n_samples, random_state):
        seed, found, format_ = resolve_seed(random_state), [], DenseFormat(X)
        for i in range(n_rows(X)):
            row = take_rows(X, [i])
            law = stated_law(self.sampler, row)
            if law is None or not format_.numeric.all():
                raise ValueError(
                    f"{self.sampler!r} states no law to draw from for row {i}, or one of "
                    'columns without numbers: use weighting="kernel".'
                )
            _check_draws(self.sampler, row, law, format_)
            law = law.tilt(self.kernel)
            numbers = uniform_numbers(n_samples, len(law), "sobol", seed)
            inputs = format_.decode(law.draw(numbers))
            design = self.sampler.interpret(inputs, row)
            position = np.asarray(self.sampler.interpret(row, row)[0], dtype=float)
            groups = self.groups(len(design))
            found.append(Sample(inputs, design, position, groups=groups))
        return found

    def count_draws(self, n_samples):
        return count_draws(n_samples, "sobol")

    def groups(self, n_draws):
        return scramble_of_draws(n_draws, "sobol")

    def prefix_positions(self, n_draws, n_more):
        return places_of_draws(n_draws, n_more, "sobol")


def stated_law(sampler, row):
    """The product law that a sampler states of a row, checked; None where it states none.

    Raises
    ------
    TypeError, ValueError
        If it is no product law, has another number of columns, or masses that are no
        probabilities.
    """
    law = sampler.law(row)
    if law is None:
        return None
    if not isinstance(law, ProductLaw):
        raise TypeError(
            f"{sampler!r} states {type(law).__name__} as its law; law(row) gives a "
            "ProductLaw, or None."
        )
    if len(law) != row.shape[1]:
        raise ValueError(
            f"{sampler!r} states a law of {len(law)} columns for a row of {row.shape[1]}."
        )
    for j, column in enumerate(law.columns):
        if isinstance(column, Atoms):
            check_masses(
                column.masses, f"the masses of column {j} in the law of {sampler!r}"
            )
    return law


class _StatedColumn(Column):
    """A column of a stated law: values, their masses and bins."""

    def __init__(self, values, masses, bins):
        super().__init__(values, masses)
        self.bins = bins

    def law(self, code):
        deviations = np.zeros(len(self.bins))
        if code is not None:
            deviations = (self.bins != code).astype(float)
        return Atoms(self.values, self.masses, self.bins, deviations)


def _column(atoms):
    values, first, atom = np.unique(atoms.values, return_index=True, return_inverse=True)
    masses, bins = np.bincount(atom, atoms.masses), atoms.bins[first]
    if not np.array_equal(bins[atom], atoms.bins):
        raise NoClosedForm("a stated law puts one value into several bins")
    return _StatedColumn(values, masses / masses.sum(), bins)


def _compares_bins(atoms):
    """Whether a value deviates by 1 from the row where its bin is another, else by 0."""
    own = np.unique(atoms.bins[atoms.deviations == 0.0])
    expected = ~np.isin(atoms.bins, own)
    numbered = len(own) < 2 and atoms.bins.min() >= 0
    return numbered and np.array_equal(atoms.deviations, expected)


def _same_atoms(one, other):
    return all(
        np.array_equal(getattr(one, part), getattr(other, part), equal_nan=part == "values")
        for part in ("values", "masses", "bins")
    )


def _check_draws(sampler, row, law, format_):
    """Compare matches of one and of two columns, and values, with the stated law.

    Raises
    ------
    ValueError
        If draws do not follow it.
    """
    samples = list(sampler.sample(row, _N_DRAWS, random_state=0))
    check_samples(samples, 1, sampler)
    [sample] = samples
    weights = np.ones(len(sample)) if sample.masses is None else np.asarray(sample.masses)
    weights = weights / weights.sum()
    masses = [column.masses / column.masses.sum() for column in law.columns]
    stated = np.array(
        [
            own[column.deviations == 0.0].sum()
            for own, column in zip(masses, law.columns, strict=True)
        ]
    )
    Z = (np.asarray(sample.design) == sample.position).astype(np.float64)
    both = (Z * weights[:, np.newaxis]).T @ Z
    expected = np.outer(stated, stated)
    np.fill_diagonal(expected, stated)
    # Bernstein's bound: exceeded by honest draws once in 1e10 pairs, also by rare ones.
    variance = expected * (1.0 - expected) * np.square(weights).sum()
    allowed = 7.0 * np.sqrt(variance) + 16.0 * weights.max()
    wrong = np.argwhere(~(np.abs(both - expected) <= allowed))
    if len(wrong):
        j, k = (int(i) for i in wrong[0])
        which = f"column {j} matches" if j == k else f"columns {j} and {k} both match"
        raise ValueError(
            f"{sampler!r} does not draw from the law that it states: {which} in "
            f"{both[j, k]:.4f} of {len(Z)} draws, by its law in {expected[j, k]:.4f}. Mend "
            "law(row), or let it return None."
        )
    # Bound of Dvoretzky, Kiefer and Wolfowitz: honest draws exceed it once in 1e13 columns.
    allowed = 4.0 * np.sqrt(np.square(weights).sum())
    for j, drawn in enumerate(format_.encode(sample.inputs).T):
        distance = _distance(law.columns[j], drawn, weights)
        if distance > allowed:
            raise ValueError(
                f"{sampler!r} does not draw from the law that it states: the distribution "
                f"function of {len(drawn)} draws of column {j} is up to {distance:.4f} off "
                "that of its law. Mend law(row), or let it return None."
            )


def _distance(column, drawn, weights):
    """Largest distance between the distribution functions of draws and of atoms."""
    if not isinstance(column, Atoms):
        return 0.0
    # NaN comes last, and is as large as itself.
    values, atom = np.unique(column.values, return_inverse=True)
    stated = np.cumsum(np.bincount(atom, column.masses)) / column.masses.sum()
    order = np.argsort(drawn)
    shares = np.append(0.0, np.cumsum(weights[order]))
    # Draws may have been rounded to the table's dtype.
    slack = 1e-6 * np.abs(values)
    below = shares[np.searchsorted(drawn[order], values - slack, "left")]
    up_to = shares[np.searchsorted(drawn[order], values + slack, "right")]
    return np.maximum(stated - up_to, below - np.append(0.0, stated[:-1])).max()
