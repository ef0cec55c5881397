import importlib
import inspect
import pkgutil

import pytest

import sklime

# One small class for each kind of container or column, alike but for the library they speak
# to; what the methods do is said once, at the head of the module.
ALIKE = {"sklime.tables.containers", "sklime.tables.series"}


def public_modules():
    for found in pkgutil.walk_packages(sklime.__path__, "sklime."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            if found.name in ALIKE:
                continue
            yield importlib.import_module(found.name)


def public_things():
    """Every public function and class, and every public method a class defines."""
    for module in public_modules():
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == module.__name__
            if name.startswith("_") or not own or not callable(thing):
                continue
            yield f"{module.__name__}.{name}", thing
            if inspect.isclass(thing):
                for method, value in vars(thing).items():
                    if not method.startswith("_") and (
                        inspect.isfunction(value)
                        or isinstance(value, (property, classmethod))
                    ):
                        yield f"{module.__name__}.{name}.{method}", getattr(thing, method)


THINGS = dict(public_things())


@pytest.mark.parametrize("name", THINGS)
def test_everything_public_says_what_it_is(name):
    # Overrides inherit what they do not say themselves.
    summary = (inspect.getdoc(THINGS[name]) or "").partition("\n")[0]
    assert len(summary) > 10
    assert summary.endswith((".", ":"))


@pytest.mark.parametrize(
    "name", [name for name in sklime.__all__ if not name.startswith("__")]
)
def test_what_users_import_first_shows_an_example(name):
    assert ">>>" in inspect.getdoc(getattr(sklime, name))


@pytest.mark.parametrize("module", ["samplers", "kernels", "selectors"])
def test_components_show_an_example_and_explain_each_parameter(module):
    module = importlib.import_module(f"sklime.{module}")
    for name, thing in vars(module).items():
        if inspect.isclass(thing) and not inspect.isabstract(thing) and name[0] != "_":
            doc = inspect.getdoc(thing)
            if hasattr(thing, "get_params"):
                assert ">>>" in doc, name
                for parameter in inspect.signature(thing).parameters:
                    assert f"{parameter} :" in doc, (name, parameter)
