"""Checks of samplers that describe the columns of a table part by part."""

import numpy as np

from sklime.tables.access import take_rows
from sklime.testing.any_sampler import content, draws_of, fit_to
from sklime.testing.components import expect
from sklime.testing.table_samplers import DRAWN_ROW_CHECKS


def _units_are_named_and_belong_to_columns(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    for units in fitted.described(X):
        n = len(units.names)
        expect(
            all(isinstance(name, str) for name in units.names),
            f"units have names that are str: {units.names}",
        )
        expect(
            np.isin(units.columns, range(X.shape[1])).all()
            and (len(units.spans), len(units.columns), len(units.binary)) == (n, n, n),
            f"each of {n} units has a column, a place and a kind: {units}",
        )


def _neighbourhoods_have_a_column_for_each_unit(sampler, X, y):
    fitted, few = fit_to(sampler, X, y), take_rows(X, slice(0, 4))
    for name, draw in draws_of(fitted).items():
        for units, around in zip(fitted.described(few), draw(few), strict=True):
            n, binary = len(around.design), units.binary
            for part, shape in {
                "inputs": (n, X.shape[1]),
                "design": (n, len(binary)),
                "position": (len(binary),),
            }.items():
                found = getattr(around, part).shape
                expect(found == shape, f"{part} of {name} has shape {shape}: {found}")
            expect(
                np.isin(around.design[:, binary], (0, 1)).all()
                and (around.position[binary] == 1).all(),
                f"binary units are 0 or 1 in {name}, and 1 at the row",
            )
            expect(
                sum(around.part_sizes) == len(binary),
                f"part_sizes of {name} sum to the number of units: {around.part_sizes}",
            )


def _rows_are_restored_as_they_are(sampler, X, y):
    fitted = fit_to(sampler, X, y)
    restored = fitted.restore(X)
    expect(
        np.array_equal(
            np.asarray(restored, dtype=object).astype(str),
            np.asarray(X, dtype=object).astype(str),
        )
        and type(restored) is type(X),
        f"restore puts the columns back as they were: {content(restored)[:200]}",
    )


MIXED_SAMPLER_CHECKS = (
    *DRAWN_ROW_CHECKS,
    _units_are_named_and_belong_to_columns,
    _neighbourhoods_have_a_column_for_each_unit,
    _rows_are_restored_as_they_are,
)
