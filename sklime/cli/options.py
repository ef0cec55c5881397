"""Options of the commands that explain, and the explainer that they describe."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklime.cli.exits import CommandError, Exit, classified

# Rows of DATA that serve as the background where none is given.
BACKGROUND_ROWS = 10_000

SAMPLERS = {
    "marginal": "MarginalSampler",
    "gaussian": "GaussianSampler",
    "training": "TrainingSampler",
    "crossover": "CrossoverSampler",
    "coalition": "CoalitionSampler",
}


@dataclass(frozen=True)
class Options:
    """Options of a command that explains; None: as the explainer has it by default."""

    model: Path
    data: Path
    background: Path | None = None
    target: str | None = None
    sampler: str | None = None
    method: str | None = None
    response_method: str | None = None
    width: str | None = None
    attribution: str | None = None
    seed: int | None = None
    keep: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    trust_pickle: bool = False
    jobs: int = 1

    @property
    def parameters(self) -> dict[str, Any]:
        """What decides the attributions, beside the files."""
        names = "target", "sampler", "method", "response_method", "width", "attribution"
        own = {name: getattr(self, name) for name in names}
        return own | {"seed": self.seed or 0, "keep": list(self.keep)}

    @property
    def of_a_fit(self) -> list[str]:
        """Options in use that only a fit can follow."""
        names = "background", "sampler", "method", "response_method", "width", "seed"
        used = [name for name in names if getattr(self, name) is not None]
        return [f"--{name.replace('_', '-')}" for name in used]


def fitted_explainer(model: Any, background: Any, options: Options) -> Any:
    """Fit an explainer of a model as the options say.

    Raises
    ------
    CommandError
        If an option does not suit it, or the model fails.
    """
    from sklime import LimeExplainer

    parameters = {
        "sampler": _sampler(options.sampler),
        "kernel": _kernel(options.width),
        "method": options.method or "auto",
        "response_method": options.response_method or "auto",
        "attribution": options.attribution or "effect",
        "random_state": options.seed or 0,
    }
    try:
        explainer = LimeExplainer(model, **parameters).fit(background)
    except Exception as error:
        if _is_about(parameters["sampler"], error):
            raise CommandError(
                Exit.USAGE, f"--sampler {options.sampler}: {error}"
            ) from error
        raise (classified(error, fitting=True) or error) from error
    return aimed(explainer, options)


def aimed(explainer: Any, options: Options) -> Any:
    """Give a fitted explainer the target and the attribution of the options."""
    if options.attribution is not None:
        explainer.set_params(attribution=options.attribution)
    if options.target is None:
        explainer.output_schema()
        return explainer
    wrong = None
    for label in _labels(options.target):
        explainer.set_params(target=label)
        try:
            explainer.output_schema()
        except ValueError as error:
            wrong = wrong or error
        else:
            return explainer
    raise CommandError(Exit.USAGE, f"--target: {wrong}")


def _is_about(sampler, error):
    """Whether an error names a parameter of the sampler, as errors of sklime begin."""
    if sampler is None or not isinstance(error, (ValueError, TypeError)):
        return False
    return str(error).startswith(
        tuple(f"{name}=" for name in sampler.get_params(deep=False))
    )


def _labels(text):
    """What a label may be that was written as text: itself, a number, a truth value."""
    yield text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return
    if isinstance(value, (int, float, bool)):
        yield value


def _kernel(width):
    if width is None:
        return None
    from sklime.kernels import ExponentialKernel

    if width == "local":
        return ExponentialKernel(width="local")
    try:
        return ExponentialKernel(width=float(width))
    except ValueError as error:
        raise CommandError(
            Exit.USAGE, f'--width {width} must be a positive number or "local".'
        ) from error


def _sampler(text):
    """A sampler by its name, or by its name and parameters as Python writes them."""
    if text is None:
        return None
    from sklime import samplers

    wrong = CommandError(
        Exit.USAGE,
        f"--sampler {text} must be one of {', '.join(SAMPLERS)}, or a class of them with "
        'parameters, such as "MarginalSampler(n_bins=None)".',
    )
    if text in SAMPLERS:
        return getattr(samplers, SAMPLERS[text])()
    try:
        call = ast.parse(text.strip(), mode="eval").body
        name = call.func.id if isinstance(call, ast.Call) else call.id
        given = call.keywords if isinstance(call, ast.Call) else []
        parameters = {own.arg: ast.literal_eval(own.value) for own in given}
    except (AttributeError, SyntaxError, ValueError):
        raise wrong from None
    name = SAMPLERS.get(name, name)
    positional = isinstance(call, ast.Call) and call.args
    if name not in SAMPLERS.values() or None in parameters or positional:
        raise wrong
    try:
        return getattr(samplers, name)(**parameters)
    except TypeError as error:
        raise CommandError(Exit.USAGE, f"--sampler {text}: {error}") from error
