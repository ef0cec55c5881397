"""Explicit signatures of the displays' constructors: the options of `plot` are theirs."""

import inspect
import re
from functools import wraps


def with_options_of_plot(display, constructor):
    """Copy a constructor, with the options of a display's own `plot` for ``**options``.

    Parameters
    ----------
    display : type
        The display.
    constructor : function
        A constructor, whose docstring has an entry ``**options``.

    Returns
    -------
    function
        Refuses other options before any work is done.
    """
    signature = inspect.signature(constructor)
    known = [own for own in signature.parameters.values() if own.kind != own.VAR_KEYWORD]
    taken = {own.name for own in known}
    options = [
        own
        for own in inspect.signature(display.plot).parameters.values()
        if own.name not in taken | {"self"}
    ]
    signature = signature.replace(parameters=known + options)

    @wraps(constructor)
    def explicit(cls, *args, **kwargs):
        try:
            signature.bind(cls, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{constructor.__name__}(): {error}") from None
        return constructor(cls, *args, **kwargs)

    explicit.__signature__ = signature
    entries = _entries(display.plot.__doc__)
    told = "\n".join(entries[own.name] for own in options)
    doc = inspect.cleandoc(constructor.__doc__)
    explicit.__doc__ = re.sub(r"\*\*options : dict\n(?:    .*\n)+", f"{told}\n", doc)
    return explicit


def _entries(doc):
    """The entries of a docstring's section of parameters, by name."""
    section = inspect.cleandoc(doc).partition("Parameters\n----------\n")[2]
    found = re.finditer(r"^(\w+) :.*\n?(?:(?: {4}.*)?\n?)*?(?=^\S|\Z)", section, re.M)
    return {own[1]: own[0].rstrip() for own in found}
