"""Everything public is annotated, so that type checkers see it; the user's program runs."""

import inspect

import pytest
from sklearn.datasets import load_iris

from sklime.exact.form import ClosedForm, RebuiltModel
from sklime.laws.base import Law, SharedLaw, ShiftedLaw
from sklime.moments.base import CentralMoments, RowMoments
from sklime.moments.source import MomentSource
from sklime.neighbourhoods.base import SampledSource
from sklime.samplers.kinds.base import RowKind
from sklime.tables.format import TableFormat
from tests.test_documentation import NAMES, thing
from tests.typing import user_program

CONTRACTS = [
    CentralMoments,
    ClosedForm,
    Law,
    MomentSource,
    RebuiltModel,
    RowKind,
    RowMoments,
    SampledSource,
    SharedLaw,
    ShiftedLaw,
    TableFormat,
]
OPERATORS = {"__init__", "__call__", "__getitem__", "__iter__", "__len__"}
PUBLIC = {name: thing(name) for name in NAMES}
PUBLIC |= {f"{base.__module__}.{base.__name__}": base for base in CONTRACTS}


def functions_of(public):
    """What a class lets users call and read, its bases in sklime included."""
    if not inspect.isclass(public):
        yield public
        return
    for base in public.__mro__:
        own = vars(base).items() if base.__module__.startswith("sklime.") else ()
        for name, value in own:
            if isinstance(value, property):
                value = value.fget
            value = getattr(value, "__func__", value)
            if inspect.isfunction(value) and (name in OPERATORS or name[0] != "_"):
                yield value


@pytest.mark.parametrize("name", PUBLIC)
def test_every_parameter_and_result_is_annotated(name):
    for function in functions_of(PUBLIC[name]):
        signature = inspect.signature(function)
        found = {own.name: own.annotation for own in signature.parameters.values()}
        found["return"] = signature.return_annotation
        bare = {own for own, type_ in found.items() if type_ is inspect.Parameter.empty}
        assert bare <= {"self", "cls"}, function.__qualname__


def test_the_users_program_runs():
    user_program.main()


def test_the_users_program_draws():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    X, y = load_iris(return_X_y=True)
    try:
        user_program.draw(user_program.explain_a_table(X, y), pyplot.subplots()[1])
    finally:
        pyplot.close("all")
