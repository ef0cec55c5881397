"""HTML of a described explanation, from templates."""

import base64
import hashlib
import re
from functools import cache
from importlib import resources

from sklime.page.numbers import spelled
from sklime.page.static import static_row

# Longer words are broken where a line ends; shorter ones never are.
_LONGEST_WORD = 20
# What rows of a kind are called, and what attributions are given to.
# What the values of each kind are called; of effects, the word of old.
_WORDS = {
    "effect": "Attribution",
    "contribution": "Contribution",
    "Shapley value": "Shapley value",
}

_NOUNS = {
    "table": ("row", "condition"),
    "mixed": ("row", "condition"),
    "text": ("text", "word"),
    "image": ("image", "segment"),
    "sequence": ("sequence", "part"),
}
# Dates and times, which are not broken at their hyphens.
_UNBROKEN = re.compile(r"((?<!\S)\d+-[\d:.T+-]+(?!\S))")
# Rows that pages show where no script runs.
_STATIC_ROWS = 3


def render_page(content, header, overview=None, pairs=None, audit=None):
    """Render a described explanation as one self-contained HTML page.

    The page holds its data, style and script, and forbids the browser to load anything or
    to run any other script. Rows can be sorted and filtered; one is shown at a time. It
    follows the reader's choice of light or dark. Numbers have four significant digits:
    `Explanation.to_json` keeps all of them.

    Parameters
    ----------
    content : dict
        All rows, as `sklime.explanation.view.page_content` gives them.
    header : dict
        What holds for all of them, as `sklime.explanation.view.page_header` gives it.
    overview : dict, default=None
        A picture of all rows, as `sklime.explanation.view.overview` gives it.
    pairs : dict, default=None
        The pairs of features that interact most, as
        `sklime.explanation.view.pairs.strongest_pairs` gives them.
    audit : dict, default=None
        These explanations beside those on real rows, as
        `sklime.explanation.view.audit.audit_section` gives them.

    Returns
    -------
    str
        The page. Write it in UTF-8.

    Examples
    --------
    >>> from sklime.page import render_page
    >>> answer = {"output": 0, "prediction": 0.8, "local": 0.7, "score": 0.9, "size": 512.0}
    >>> answer |= {"values": [0.3, -0.1], "margins": None}
    >>> answer |= {"thin": [], "unanswered": [], "unlisted": []}
    >>> row = {"name": "0", "labels": [0, 1], "cells": None, "picture": None}
    >>> content = {"outputs": ["yes"], "labels": ["good", "<film>"]}
    >>> content |= {"rows": [row | {"answers": [answer]}], "phrase": "", "drawn": True}
    >>> header = {"kind": "text", "n_rows": 1, "meta": {}, "has_intervals": False}
    >>> header["notes"] = []
    >>> page = render_page(content, header)
    >>> page.startswith("<!doctype html>"), "<film>" in page
    (True, False)
    """
    from markupsafe import Markup

    script = _asset("page.js")
    styles = ["view.css", "page.css"] + ["overview.css"] * bool(overview or pairs)
    styles += ["audit.css"] * bool(audit)
    # Without a script, pictures would only repeat what is in the data.
    first = [row | {"picture": None} for row in content["rows"][:_STATIC_ROWS]]
    return _fill(
        "page.html.jinja",
        header,
        content=content,
        ranking=content.get("ranking"),
        overview=overview,
        pairs=pairs,
        audit=audit,
        still=[static_row(row, content) for row in first],
        style=Markup().join(map(_asset, styles)),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def render_notebook(content, header):
    """Render the first rows of an explanation as HTML for a notebook.

    It has no script and no ids, so that it shows in notebooks that are not trusted, and
    many of them on one page. It takes its colours from the notebook.

    Parameters
    ----------
    content : dict
        These rows, as for `render_page`.
    header : dict
        As for `render_page`; its ``n_rows`` counts all rows.

    Returns
    -------
    str
        A ``div``. Of the rows that are not in `content` it says how many there are.
    """
    return _fill(
        "notebook.html.jinja",
        header,
        still=[static_row(row, content) for row in content["rows"]],
        style=_asset("view.css"),
    )


def _fill(template, header, **variables):
    n, kind = header["n_rows"], header["kind"]
    name, unit = _NOUNS.get(kind, (kind, "part"))
    has_conditions = kind in ("table", "mixed")
    variables |= {"name": name, "heading": unit.capitalize()}
    variables["has_conditions"] = has_conditions
    variables["what"] = f"{unit} that holds for a {name}" if has_conditions else unit
    variables["without"] = (
        "rows for which it does not hold" if has_conditions else f"{name}s without it"
    )
    variables |= header | {"subject": f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"}
    variables.setdefault("attribution", "effect")
    variables["noun"] = _WORDS[variables["attribution"]]
    return _environment().get_template(template).render(variables)


@cache
def _environment():
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("sklime.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_well_formed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = spelled
    environment.filters["cell"] = _cell
    environment.filters["wraps"] = _wraps
    environment.filters["unbroken"] = _unbroken
    environment.tests["date"] = _UNBROKEN.fullmatch
    environment.policies["json.dumps_kwargs"] = {
        "separators": (",", ":"),
        "allow_nan": False,
    }
    return environment


@cache
def _asset(name):
    """Read a style sheet or script that goes into pages, without indents and notes."""
    from markupsafe import Markup

    folder = resources.files(__package__).joinpath("templates")
    lines = folder.joinpath(name).read_text("utf-8").splitlines()
    lines = [line.strip() for line in lines]
    notes = re.compile(r"//|/\*[^*]*\*/$")
    text = "\n".join(line for line in lines if not notes.match(line)) + "\n"
    return Markup(re.sub(r" ?([{};,]) ", r"\1", text) if name.endswith(".css") else text)


def _well_formed(value):
    """Replace unpaired surrogates, which no encoding can write."""
    if isinstance(value, str) and not value.isascii() and not hasattr(value, "__html__"):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _cell(value):
    """Text of an entry of a table, whose numbers may be years or codes."""
    if value is None or isinstance(value, str):
        return "missing" if value is None else value
    return str(value).removesuffix(".0").replace("-", "\N{MINUS SIGN}")


def _wraps(text):
    """The class of a text with a word that is too long for a column, else of none."""
    longest = max(map(len, str(text).split()), default=0)
    return "long" if longest > _LONGEST_WORD else ""


def _unbroken(text):
    """A text in HTML, whose dates stay in one line."""
    from markupsafe import Markup, escape

    parts = _UNBROKEN.split(_well_formed(str(text)))
    whole = Markup('<span class="whole">{}</span>')
    parts[1::2] = [whole.format(own) for own in parts[1::2]]
    return Markup().join(map(escape, parts))
