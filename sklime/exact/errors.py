"""Why a model has no closed form."""


class NoClosedForm(Exception):
    """There is no closed form for this model, sampler or kernel; the message says why."""
