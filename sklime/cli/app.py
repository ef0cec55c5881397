"""Commands and their options. Nothing heavy is imported before these are read."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from sklime.cli.session import Session

app = typer.Typer(
    name="sklime",
    help="Explain the predictions of any model with LIME, whole tables at once.",
    add_completion=False,
    no_args_is_help=False,
    pretty_exceptions_enable=False,
)


_FILE: dict[str, Any] = {"exists": True, "dir_okay": False, "show_default": False}

Model = Annotated[
    Path,
    typer.Argument(
        help="The model, or a fitted explainer: .skops, .onnx, .json or .ubj of xgboost, "
        ".txt of lightgbm, .cbm of catboost; .joblib, .pkl, .pickle with --trust-pickle.",
        **_FILE,
    ),
]
Data = Annotated[
    Path,
    typer.Argument(help="The table: .parquet, .csv, .arrow, .npy, .npz.", **_FILE),
]
Background = Annotated[
    Path | None,
    typer.Option(
        metavar="TRAIN",
        help="The training table, of whose rows perturbations are made. Without it a "
        "seeded sample of at most 10,000 rows of DATA serves.",
        **_FILE,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="LABEL",
        help='The output that is explained: a label, "predicted", "all" or "auto".',
    ),
]
SamplerName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How rows are perturbed: marginal (the default), gaussian, training, "
        'crossover, coalition, or with parameters "MarginalSampler(n_bins=None)".',
    ),
]
MethodName = Annotated[
    Literal["auto", "exact", "sampling"] | None,
    typer.Option(help="Closed forms, draws, or whichever there is."),
]
ResponseName = Annotated[
    Literal["auto", "predict_proba", "decision_function", "predict"] | None,
    typer.Option(help="The method of the model whose answers are explained."),
]
Width = Annotated[
    str | None, typer.Option(metavar="W|local", help="Width of the exponential kernel.")
]
AttributionName = Annotated[
    Literal["effect", "contribution"] | None,
    typer.Option(help="What if a condition holds, or what adds up to the prediction."),
]
Seed = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=2**32 - 1,
        help="Source of all draws; 0 unless given, so that equal calls give equal bytes.",
        show_default=False,
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS",
        help="Key columns, such as id,date: not explained, carried along in front.",
    ),
]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TYPE", help="A type that a skops file may hold; may be repeated."
    ),
]
TrustPickle = Annotated[
    bool,
    typer.Option(
        "--trust-pickle",
        help="Load a pickle, which runs whatever program it holds: only if you trust "
        "whoever made it.",
    ),
]


def _jobs(number: int) -> int:
    """Check a number of jobs."""
    if number == 0:
        raise typer.BadParameter("0 jobs do nothing: 1, or -1 for all cores.")
    return number


Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", callback=_jobs, help="Jobs over blocks of rows; -1: all cores."
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Tell the result on stdout, as one JSON object.")
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Tell errors and doubts only.")]


@app.command()
def explain(
    model: Model,
    data: Data,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The file that attributions go to: .parquet or .csv.",
            show_default=False,
        ),
    ],
    background: Background = None,
    target: Target = None,
    sampler: SamplerName = None,
    method: MethodName = None,
    response_method: ResponseName = None,
    width: Width = None,
    attribution: AttributionName = None,
    seed: Seed = None,
    keep: Keep = None,
    quality: Annotated[
        bool,
        typer.Option(
            "--quality",
            help="Add prediction, fidelity, effective sample size and doubts as columns.",
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(metavar="HTML", help="A page of explanations of some rows as well."),
    ] = None,
    report_rows: Annotated[
        int, typer.Option(min=1, help="Rows on that page, drawn at random from more.")
    ] = 1000,
    block_rows: Annotated[
        int,
        typer.Option(min=1, help="The most rows that are explained and written at once."),
    ] = 50_000,
    jobs: Jobs = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume/--fresh",
            help="Go on where a run of the same files and options was stopped, or not.",
        ),
    ] = True,
    on_error: Annotated[
        Literal["fail", "null"],
        typer.Option(help="Rows that cannot be explained end the run, or become null."),
    ] = "fail",
    trust: Trust = None,
    trust_pickle: TrustPickle = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explain every row of a table, and write the attributions to one file.

    Exit codes: 0 done, 2 usage, 3 not trusted, 4 data do not fit the model, 5 the model
    failed, 6 the output cannot be written, 130 or 143 stopped by a signal, and resumable.
    """
    given, session = locals(), Session(as_json, quiet)

    def command():
        from sklime.cli import explaining

        made = explaining.Output(
            output, quality, report, report_rows, block_rows, not resume, on_error
        )
        return explaining.explain(_options(given), made, session.progress)

    raise typer.Exit(
        session.run(command, "{rows:,} rows explained in {seconds:.1f} s: {output}")
    )


@app.command()
def report(
    model: Model,
    data: Data,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="HTML", help="The page to write."),
    ] = Path("report.html"),
    background: Background = None,
    target: Target = None,
    sampler: SamplerName = None,
    method: MethodName = None,
    response_method: ResponseName = None,
    width: Width = None,
    attribution: AttributionName = None,
    seed: Seed = None,
    keep: Keep = None,
    rows: Annotated[
        int,
        typer.Option(
            "--rows", "--report-rows", min=1, help="Rows on it, drawn at random from more."
        ),
    ] = 1000,
    jobs: Jobs = 1,
    trust: Trust = None,
    trust_pickle: TrustPickle = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Explain some rows of a table, and write one page that shows them."""
    given, session = locals(), Session(as_json, quiet)

    def command():
        from sklime.cli import prepared, reporting

        reporting.check_report(output)
        fitting = prepared.prepare(_options(given))
        shown = reporting.write_report(fitting, output, rows, seed or 0)
        return {"report": str(output), "rows": len(shown), "notes": fitting.notes}

    raise typer.Exit(session.run(command, "{rows:,} rows are shown in {report}"))


@app.command()
def inspect(model: Model, as_json: AsJson = False) -> None:
    """Tell the untrusted types, outputs and columns of a model file, without loading it."""
    session = Session(as_json)

    def command():
        from sklime.cli.inspection import inspect_model

        found = inspect_model(model)
        shown = {name: _shown(value) for name, value in found.items()}
        return found | {"shown": "\n".join(f"{name}: {own}" for name, own in shown.items())}

    raise typer.Exit(session.run(command, "{shown}"))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def demo(context: typer.Context) -> None:
    """Explain a random forest on scikit-learn's breast-cancer table."""
    from sklime.cli.demo_arguments import run_demo

    run_demo(["demo", *context.args], [])


def _options(given):
    """`Options` of a command, from its parameters by name."""
    from sklime.cli.options import Options

    own = {field.name: given[field.name] for field in fields(Options)}
    lists = {"keep": _names(given["keep"]), "trust": tuple(given["trust"] or ())}
    return Options(**own | lists)


def _names(keep):
    """Names that are separated by commas, or given one by one."""
    return tuple(name for own in keep or () for name in own.split(",") if name)


def _shown(value):
    if value is None:
        return "not told"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
