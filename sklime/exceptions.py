"""Warnings that sklime gives by name, to be filtered or turned into errors."""


class NeighbourhoodWarning(UserWarning):
    """A neighbourhood is too thin for its surrogate.

    Given when the effective sample size is below the number of features, when hardly
    any draw lies inside or outside the row's own bin, or when a kernel leaves no weight.
    """


class UnknownValueWarning(UserWarning):
    """A value was never seen in training; its column's attribution is 0.

    Given under ``handle_unknown="ignore"``, and by ``fit`` for a column that has no
    observed value at all.
    """


class SelectionWarning(UserWarning):
    """A selector kept no feature, so that the surrogate is a constant."""


class ClosedFormWarning(UserWarning):
    """A closed form failed unexpectedly, and draws took its place.

    Given under ``method="auto"`` only; it is a fault of sklime, and worth a report.
    """
