"""HTML of described anchors, from a template."""

from sklime.page.rendering import _asset, _environment


def render_anchors(content, whole=False):
    """Render described anchors as HTML without a script.

    Parameters
    ----------
    content : dict
        Rows with their rules and steps; ``noun``, what precisions are called; ``phrase``,
        what predictions are; ``n_rows``, how many rows there are in all; and ``meta``.
    whole : bool, default=False
        Whether to make a page of its own, which forbids the browser to load anything.

    Returns
    -------
    str
        A ``div`` for notebooks, or a page. Numbers and names are escaped.
    """
    template = _environment().get_template("anchors.html.jinja")
    return template.render(content | {"whole": whole, "style": _asset("view.css")})
