"""Whether a function is asynchronous."""

import inspect


def is_async(function):
    """Whether a function, or what can be called like one, is asynchronous."""
    call = getattr(type(function), "__call__", None)  # noqa: B004 - of objects
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)
